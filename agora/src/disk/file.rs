//! A directory of the system: the log's file, those that were put aside, and a lock that keeps a second process out.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::storage::Storage;

/// The log's file in its directory.
pub const LOG: &str = "log";
/// A new log before it has its name.
const DRAFT: &str = "log.draft";
/// A draft is flushed whenever so much of it is not, so that its last flush is short.
const FLUSHED_AT_ONCE: usize = 4 * 1024 * 1024;
/// Whoever holds the directory has locked this.
const LOCK: &str = "lock";
/// Logs that were put aside: this, and a number.
const ASIDE: &str = "aside-";
/// The oldest ones go, so that a node that loses its log again and again fills no disk.
const KEPT_ASIDE: usize = 3;

/// A data directory that this process holds.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    log: Option<File>,
    /// And how much of it is not flushed.
    draft: Option<(File, usize)>,
    /// Released with the file, and so when the process ends, whatever the reason.
    _lock: File,
}

impl Directory {
    /// Makes it, unless it is there, and takes it for this process; fails where another holds it.
    pub fn open(path: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        let lock = private().write(true).create(true).truncate(false).open(path.join(LOCK))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::new(io::ErrorKind::ResourceBusy, "another process holds it"),
            TryLockError::Error(error) => error,
        })?;
        let log = match private().read(true).append(true).open(path.join(LOG)) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(Self { path: path.into(), log, draft: None, _lock: lock })
    }

    fn log(&mut self) -> io::Result<&mut File> {
        self.log.as_mut().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no log has begun"))
    }

    /// Names are durable only with their directory.
    fn flush_names(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    /// Puts the log aside under the next number.
    fn put_aside(&self) -> io::Result<()> {
        let mut numbers: Vec<u64> = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix(ASIDE));
            numbers.extend(number.and_then(|number| number.parse::<u64>().ok()));
        }
        numbers.sort_unstable();
        let aside = |number: u64| self.path.join(format!("{ASIDE}{number}"));
        let next = numbers.last().map_or(1, |last| last + 1);
        fs::rename(self.path.join(LOG), aside(next))?;
        for number in numbers.iter().rev().skip(KEPT_ASIDE - 1) {
            fs::remove_file(aside(*number))?;
        }
        Ok(())
    }
}

impl Storage for Directory {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if let Some(log) = &mut self.log {
            log.seek(SeekFrom::Start(0))?;
            log.read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.log()?.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.log()?.sync_data()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let log = self.log()?;
        log.set_len(length)?;
        log.sync_all()
    }

    fn draft(&mut self, bytes: &[u8], anew: bool) -> io::Result<()> {
        if anew {
            let file = private().write(true).create(true).truncate(true).open(self.path.join(DRAFT))?;
            self.draft = Some((file, 0));
        }
        let Some((file, unflushed)) = &mut self.draft else { return Err(io::ErrorKind::NotFound.into()) };
        file.write_all(bytes)?;
        *unflushed += bytes.len();
        if *unflushed >= FLUSHED_AT_ONCE {
            file.sync_data()?;
            *unflushed = 0;
        }
        Ok(())
    }

    fn adopt(&mut self) -> io::Result<()> {
        let (file, _) = self.draft.take().ok_or(io::ErrorKind::NotFound)?;
        file.sync_all()?;
        fs::rename(self.path.join(DRAFT), self.path.join(LOG))?;
        self.flush_names()?;
        self.log = Some(private().read(true).append(true).open(self.path.join(LOG))?);
        Ok(())
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.draft = None;
        let draft = self.path.join(DRAFT);
        let mut file = private().write(true).create(true).truncate(true).open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        if self.log.take().is_some() {
            self.put_aside()?;
        }
        fs::rename(&draft, self.path.join(LOG))?;
        self.flush_names()?;
        self.log = Some(private().read(true).append(true).open(self.path.join(LOG))?);
        Ok(())
    }
}

/// Nobody else reads sealed bids.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}
