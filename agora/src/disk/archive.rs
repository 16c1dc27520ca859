//! The archive in a directory: a file a key, and the thread that writes and reads them, so that neither the node nor its
//! log's flushes wait.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use uuid::Uuid;

use crate::machine::{FromArchive, Lines, ToArchive};

/// The archive in the data directory.
pub const ARCHIVE: &str = "archive";
/// A file before it has its name.
const DRAFT: &str = "draft";
/// Behind a key's digits.
const ENDING: &str = ".jsonl";
/// So many files wait for a flush at most.
const UNFLUSHED: usize = 64;
/// So much of a file is read at most: an answer has to fit memory.
const MAX_READ: u64 = 64 * 1024 * 1024;
/// And of a first line.
const MAX_LINE: u64 = 64 * 1024;

/// Files, a folder for each first byte of their keys, so that none holds too many.
#[derive(Debug)]
pub(crate) struct Archive {
    path: PathBuf,
    unflushed: Vec<PathBuf>,
    /// Something could not be written: what it came from must not go.
    failed: bool,
}

impl Archive {
    pub(crate) fn in_directory(path: &Path) -> Self {
        Self { path: path.join(ARCHIVE), unflushed: Vec::new(), failed: false }
    }

    fn folder(&self, first: u8) -> PathBuf {
        self.path.join(format!("{first:02x}"))
    }

    fn file(&self, key: Uuid) -> PathBuf {
        self.folder(key.as_bytes()[0]).join(format!("{key}{ENDING}"))
    }

    fn keep(&mut self, key: Uuid, lines: &Lines) -> io::Result<()> {
        let file = self.file(key);
        DirBuilder::new().recursive(true).mode(0o700).create(self.folder(key.as_bytes()[0]))?;
        let draft = self.path.join(DRAFT);
        let mut writer =
            BufWriter::new(OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?);
        let mut number = 0;
        while let Some(line) = lines.line(number) {
            writeln!(writer, "{line}")?;
            number += 1;
        }
        writer.flush()?;
        fs::rename(&draft, &file)?;
        self.unflushed.push(file);
        if self.unflushed.len() >= UNFLUSHED { self.flush() } else { Ok(()) }
    }

    /// Makes everything that was kept durable.
    fn flush(&mut self) -> io::Result<()> {
        let files = std::mem::take(&mut self.unflushed);
        for file in &files {
            File::open(file)?.sync_all()?;
        }
        let mut folders: Vec<&Path> = files.iter().filter_map(|file| file.parent()).collect();
        folders.sort_unstable();
        folders.dedup();
        for folder in &folders {
            File::open(folder)?.sync_all()?;
        }
        if !folders.is_empty() {
            File::open(&self.path)?.sync_all()?;
            self.path.parent().map_or(Ok(()), |above| File::open(above)?.sync_all())?;
        }
        Ok(())
    }

    fn retrieve(&self, key: Uuid) -> io::Result<String> {
        let file = self.file(key);
        if fs::metadata(&file)?.len() > MAX_READ {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        fs::read_to_string(file)
    }

    /// Keys after `after`, in order, each with its first line.
    fn browse(&self, after: Option<Uuid>, most: usize) -> Vec<(Uuid, String)> {
        let mut found = Vec::new();
        for first in after.map_or(0, |after| after.as_bytes()[0])..=u8::MAX {
            let mut keys = self.keys(first);
            keys.retain(|key| after.is_none_or(|after| *key > after));
            keys.sort_unstable();
            for key in keys {
                if found.len() >= most {
                    return found;
                }
                let mut line = String::new();
                let read = File::open(self.file(key))
                    .and_then(|file| BufReader::new(file.take(MAX_LINE)).read_line(&mut line));
                match read {
                    Ok(_) => found.push((key, line)),
                    Err(error) => log::error!("{}: {error}", self.file(key).display()),
                }
            }
        }
        found
    }

    fn keys(&self, first: u8) -> Vec<Uuid> {
        let Ok(entries) = fs::read_dir(self.folder(first)) else { return Vec::new() };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.filter_map(|name| name.strip_suffix(ENDING)?.parse().ok()).collect()
    }
}

/// Who is told what was asked.
pub(crate) type TellArchive = Box<dyn Fn(FromArchive) + Send>;

enum Order {
    /// A life begins: who asks from here on is answered so.
    Begin(TellArchive),
    Do(ToArchive),
    /// Whether everything that was kept is durable.
    Flush(mpsc::Sender<bool>),
}

/// The node's end of the thread, which ends with the last of these.
#[derive(Debug, Clone)]
pub(crate) struct Archivist(mpsc::Sender<Order>);

impl std::fmt::Debug for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Begin(_) => f.write_str("Begin"),
            Self::Do(wish) => f.debug_tuple("Do").field(wish).finish(),
            Self::Flush(_) => f.write_str("Flush"),
        }
    }
}

impl Archivist {
    /// Starts the thread.
    pub(crate) fn start(archive: Archive) -> io::Result<Self> {
        let (orders, todo) = mpsc::channel();
        thread::Builder::new().name("agora-archive".into()).spawn(move || run(archive, &todo))?;
        Ok(Self(orders))
    }

    /// A life begins.
    pub(crate) fn begin(&self, tell: TellArchive) {
        // A thread that is gone keeps and answers nothing; it ends with its senders only.
        let _ = self.0.send(Order::Begin(tell));
    }

    pub(crate) fn order(&self, wish: ToArchive) {
        let _ = self.0.send(Order::Do(wish));
    }

    /// Waits until everything that was kept is durable; whether it is.
    pub(crate) fn flush(&self) -> bool {
        let (done, flushed) = mpsc::channel();
        let _ = self.0.send(Order::Flush(done));
        flushed.recv().unwrap_or(false)
    }
}

fn run(mut archive: Archive, todo: &mpsc::Receiver<Order>) {
    let mut tell: Option<TellArchive> = None;
    while let Ok(order) = todo.recv() {
        let answer = match order {
            Order::Begin(hears) => {
                tell = Some(hears);
                None
            }
            Order::Do(ToArchive::Keep { key, lines }) => {
                if let Err(error) = archive.keep(key, &lines) {
                    log::error!("{key} cannot be archived, and stays in the log: {error}");
                    archive.failed = true;
                }
                None
            }
            Order::Do(ToArchive::Retrieve { ticket, key }) => {
                let text = archive.retrieve(key).inspect_err(|error| {
                    if error.kind() != io::ErrorKind::NotFound {
                        log::error!("{key} cannot be read from the archive: {error}");
                    }
                });
                Some(FromArchive::Retrieved { ticket, text: text.ok() })
            }
            Order::Do(ToArchive::Browse { ticket, after, most }) => {
                Some(FromArchive::Browsed { ticket, found: archive.browse(after, most) })
            }
            Order::Flush(done) => {
                if let Err(error) = archive.flush() {
                    log::error!("the archive cannot be made durable: {error}");
                    archive.failed = true;
                }
                let _ = done.send(!archive.failed);
                None
            }
        };
        if let (Some(tell), Some(answer)) = (&tell, answer) {
            tell(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("agora-archive-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).expect("a temporary folder");
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn key(number: u128) -> Uuid {
        // Spread over the folders.
        Uuid::from_u128(number << 116)
    }

    fn lines(words: &'static [&'static str]) -> Lines {
        Lines::new(move |number| words.get(number).map(ToString::to_string))
    }

    #[test]
    fn what_is_kept_can_be_retrieved_and_browsed_in_order() {
        let folder = Folder::new("order");
        let mut archive = Archive::in_directory(&folder.0);
        for number in [300, 5, 1, 4_000] {
            archive.keep(key(number), &lines(&["first", "second"])).expect("a file");
        }
        archive.keep(key(5), &lines(&["another"])).expect("a file");
        archive.flush().expect("a directory");
        assert_eq!(archive.retrieve(key(300)).expect("kept"), "first\nsecond\n");
        assert_eq!(archive.retrieve(key(5)).expect("kept"), "another\n", "the last counts");
        assert_eq!(archive.retrieve(key(2)).expect_err("never kept").kind(), io::ErrorKind::NotFound);
        let keys = |after: Option<u128>, most| {
            let found = Archive::in_directory(&folder.0).browse(after.map(key), most);
            found.into_iter().map(|(key, line)| (key.as_u128() >> 116, line)).collect::<Vec<_>>()
        };
        let line = |number: u128, line: &str| (number, format!("{line}\n"));
        assert_eq!(keys(None, 2), [line(1, "first"), line(5, "another")]);
        assert_eq!(keys(Some(5), 9), [line(300, "first"), line(4_000, "first")]);
        assert_eq!(keys(Some(4_000), 9), []);
    }

    #[test]
    fn what_cannot_be_kept_keeps_the_log_from_dropping_it() {
        let folder = Folder::new("failed");
        // A file is where the archive should be.
        fs::write(folder.0.join(ARCHIVE), "in the way").expect("a file");
        let archivist = Archivist::start(Archive::in_directory(&folder.0)).expect("a thread");
        assert!(archivist.flush(), "nothing was kept yet");
        archivist.order(ToArchive::Keep { key: key(1), lines: lines(&["first"]) });
        assert!(!archivist.flush());
    }
}
