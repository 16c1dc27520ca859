//! The journal beside redb, and a bare file as the floor: what durable appends cost, what a start reads, what is on disk.
//!
//! All three keep the same entries, of 200 bytes as MessagePack, in the same folder of the target directory, and take
//! short turns in changing order, so that what else the machine does meets all of them. A figure is the median of the
//! runs.
//!
//! Run it: `cargo bench -p agora --bench journal`. Without `--bench`, as `cargo test --benches` runs it, it does little.

use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use agora::config::Mode;
use agora::disk::{Directory, Journal, LOG, Owner};
use agora::id::{Epoch, Index, NodeId, Position};
use agora::replicator::message::{Body, Entry, Record};
use agora::time::At;
use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition};
use uuid::Uuid;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Bytes of an entry as MessagePack.
const ENTRY: usize = 200;
const NODE: NodeId = NodeId { uuid: Uuid::from_u128(7), incarnation: 77 };
const TABLE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("log");
/// The largest group that the journal's thread makes.
const LARGEST_GROUP: u64 = 4_096;

/// How much is done.
struct Size {
    /// Of appends: short and many, since what a flush costs on a shared disk changes within seconds.
    appends: usize,
    /// Of reads.
    reads: usize,
    /// Entries a flush, and flushes a run.
    groups: [(u64, u64); 3],
    /// To be read back.
    entries: u64,
}

const FULL: Size = Size { appends: 31, reads: 5, groups: [(1, 40), (64, 20), (1_024, 8)], entries: 1_000_000 };
const LITTLE: Size = Size { appends: 1, reads: 1, groups: [(1, 2), (64, 2), (1_024, 1)], entries: 5_000 };

/// A log on a disk.
trait Log {
    /// Makes entries durable that follow those before.
    fn append(&mut self, entries: &[Entry]) -> Outcome<()>;
}

impl Log for Journal<Directory> {
    fn append(&mut self, entries: &[Entry]) -> Outcome<()> {
        for entry in entries {
            self.write(&Record::Append(entry.clone()), entry.position.index);
        }
        Ok(self.flush()?)
    }
}

impl Log for Database {
    fn append(&mut self, entries: &[Entry]) -> Outcome<()> {
        let mut transaction = self.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        {
            let mut table = transaction.open_table(TABLE)?;
            for entry in entries {
                table.insert(entry.position.index.0, rmp_serde::to_vec(entry)?.as_slice())?;
            }
        }
        Ok(transaction.commit()?)
    }
}

impl Log for File {
    fn append(&mut self, entries: &[Entry]) -> Outcome<()> {
        let mut bytes = Vec::new();
        for entry in entries {
            rmp_serde::encode::write(&mut bytes, entry)?;
        }
        self.write_all(&bytes)?;
        Ok(self.sync_data()?)
    }
}

/// Who is compared.
#[derive(Clone, Copy)]
enum Kind {
    Journal,
    Redb,
    File,
}

const KINDS: [Kind; 3] = [Kind::Journal, Kind::Redb, Kind::File];

impl Kind {
    /// An empty one in a folder.
    fn create(self, folder: &Path) -> Outcome<Box<dyn Log>> {
        Ok(match self {
            Self::Journal => {
                let (mut journal, _) = Journal::open(Directory::open(folder)?, owner())?;
                journal.begin(NODE)?;
                Box::new(journal)
            }
            Self::Redb => Box::new(Database::create(folder.join(LOG))?),
            Self::File => Box::new(OpenOptions::new().create(true).append(true).open(folder.join(LOG))?),
        })
    }

    /// Opens what is in a folder, and returns the entries, as the start of a node needs them; of a bare file, their
    /// bytes only.
    fn read(self, folder: &Path) -> Outcome<u64> {
        let entries = match self {
            Self::Journal => Journal::open(Directory::open(folder)?, owner())?.1.ok_or("no log")?.entries,
            Self::Redb => {
                let database = Database::open(folder.join(LOG))?;
                let table = database.begin_read()?.open_table(TABLE)?;
                table.iter()?.map(|line| Ok(rmp_serde::from_slice(line?.1.value())?)).collect::<Outcome<_>>()?
            }
            Self::File => {
                let mut bytes = Vec::new();
                File::open(folder.join(LOG))?.read_to_end(&mut bytes)?;
                return Ok((bytes.len() / ENTRY) as u64);
            }
        };
        if !entries.iter().zip(1..).all(|(entry, index): (&Entry, u64)| entry.position.index.0 == index) {
            return Err("not what was written".into());
        }
        Ok(entries.len() as u64)
    }
}

fn owner() -> Owner {
    Owner { cluster: "agora".into(), mode: Mode::Majority(3) }
}

/// So many entries from an index on, each of [`ENTRY`] bytes.
fn entries(from: u64, count: u64) -> Outcome<Vec<Entry>> {
    let make = |index, events| {
        let position = Position { epoch: Epoch { number: 3, leader: NODE }, index: Index(index) };
        Entry { position, at: At(1 << 20), body: Body::Events(vec![7; events].into()) }
    };
    (from..from + count)
        .map(|index| {
            // Small numbers are shorter.
            let around = rmp_serde::to_vec(&make(index, 100))?.len() - 100;
            let entry = make(index, ENTRY - around);
            let length = rmp_serde::to_vec(&entry)?.len();
            if length == ENTRY { Ok(entry) } else { Err(format!("an entry of {length} bytes").into()) }
        })
        .collect()
}

#[expect(clippy::disallowed_methods, reason = "time is what is measured")]
fn timed<T>(what: impl FnOnce() -> Outcome<T>) -> Outcome<(Duration, T)> {
    let began = Instant::now();
    let got = what()?;
    Ok((began.elapsed(), got))
}

/// A folder that is gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(root: &Path, name: &str) -> Outcome<Self> {
        let path = root.join(name);
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Of each kind a figure from each run.
type Figures = [Vec<f64>; 3];

fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn line(what: &str, unit: &str, figures: &Figures, digits: usize) {
    let [journal, redb, file] = figures.each_ref().map(|figures| median(figures));
    println!(
        "{what:<28} {journal:>10.digits$} {redb:>10.digits$} {file:>10.digits$} {unit:<7} {:>8.1} {:>8.1}",
        redb / journal,
        journal / file
    );
}

/// What a flush of a group takes, in ms.
fn appends(root: &Path, runs: usize, group: u64, flushes: u64) -> Outcome<Figures> {
    let mut figures = Figures::default();
    let todo = (0..flushes).map(|flush| entries(flush * group + 1, group)).collect::<Outcome<Vec<_>>>()?;
    for run in 0..runs {
        for turn in 0..KINDS.len() {
            let kind = KINDS[(run + turn) % KINDS.len()];
            let folder = Folder::new(root, "appends")?;
            let mut log = kind.create(&folder.0)?;
            let (took, ()) = timed(|| todo.iter().try_for_each(|entries| log.append(entries)))?;
            #[expect(clippy::cast_precision_loss, reason = "small")]
            figures[kind as usize].push(took.as_secs_f64() * 1_000.0 / flushes as f64);
        }
    }
    Ok(figures)
}

/// What reading it all back takes, in ms, and the bytes of an entry on the disk.
fn reads(root: &Path, runs: usize, count: u64) -> Outcome<(Figures, Figures)> {
    let (mut times, mut sizes) = (Figures::default(), Figures::default());
    let folders = KINDS.iter().map(|kind| Folder::new(root, &format!("reads-{}", *kind as usize)));
    let folders = folders.collect::<Outcome<Vec<_>>>()?;
    for (kind, folder) in KINDS.into_iter().zip(&folders) {
        let mut log = kind.create(&folder.0)?;
        for from in (1..=count).step_by(usize::try_from(LARGEST_GROUP)?) {
            log.append(&entries(from, LARGEST_GROUP.min(count + 1 - from))?)?;
        }
        drop(log);
        #[expect(clippy::cast_precision_loss, reason = "small")]
        sizes[kind as usize].push(fs::metadata(folder.0.join(LOG))?.len() as f64 / count as f64);
    }
    for _ in 0..runs {
        for (kind, folder) in KINDS.into_iter().zip(&folders) {
            let (took, read) = timed(|| kind.read(&folder.0))?;
            if read != count {
                return Err(format!("{read} of {count} entries were read").into());
            }
            times[kind as usize].push(took.as_secs_f64() * 1_000.0);
        }
    }
    Ok((times, sizes))
}

/// The type of the file system; in memory nothing is flushed, and nothing measured.
fn file_system(root: &Path) -> Outcome<String> {
    let told = Command::new("df").arg("--output=fstype").arg(root).output()?;
    let kind = String::from_utf8(told.stdout)?.lines().last().unwrap_or_default().to_owned();
    if !told.status.success() || kind == "tmpfs" {
        return Err(format!("{} is not on a disk: {kind:?}", root.display()).into());
    }
    Ok(kind)
}

fn main() -> Outcome<()> {
    let size = if std::env::args().any(|argument| argument == "--bench") { FULL } else { LITTLE };
    let root = Folder::new(Path::new(env!("CARGO_TARGET_TMPDIR")), &format!("journal-{}", std::process::id()))?;
    let Size { appends: writing, reads: reading, .. } = size;
    let disk = file_system(&root.0)?;
    println!("entries of {ENTRY} bytes, on {disk}; medians of {writing} runs of appends and {reading} of reads");
    let heads = ["journal", "redb", "file", "", "redb/j.", "j./file"];
    let [journal, redb, file, unit, over, floor] = heads;
    println!("{:<28} {journal:>10} {redb:>10} {file:>10} {unit:<7} {over:>8} {floor:>8}", "");
    for (group, flushes) in size.groups {
        line(&format!("append, {group} a flush"), "ms", &appends(&root.0, size.appends, group, flushes)?, 3);
    }
    let (times, sizes) = reads(&root.0, size.reads, size.entries)?;
    line(&format!("read {} entries", size.entries), "ms", &times, 0);
    line(&format!("on disk, {LARGEST_GROUP} a flush"), "B/entry", &sizes, 1);
    Ok(())
}
