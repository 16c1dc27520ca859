//! Who the user is: a participant is a UUID in a file that only the user reads, made on first use. Beside it, what must
//! be known to repeat a request exactly.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use agora::config::file;
use agora::id::{Index, ParticipantId, RequestId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::failure::Failure;

/// The longest `--as` name: it becomes a file's name.
const MAX_NAME: usize = 64;

/// So many requests of an identity can be repeated; older ones are forgotten.
const MAX_MEMOS: usize = 10_000;

/// What a name is that can be a file's.
pub(crate) const FITTING: &str = "1 to 64 letters, digits, `-`, `_` or `.`, not `.` first";

/// Whether a name can be a file's.
pub(crate) fn fits(name: &str) -> bool {
    let fit = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && name.len() <= MAX_NAME && !name.starts_with('.') && name.chars().all(fit)
}

/// Which identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Which {
    /// `--as`, checked.
    Named(String),
    /// `--identity`.
    File(PathBuf),
}

impl Which {
    /// The one of this name, which must be fit for a file's name.
    pub(crate) fn named(name: &str) -> Result<Self, Failure> {
        if fits(name) {
            Ok(Self::Named(name.into()))
        } else {
            Err(Failure::usage(format!("`{name}` is no name: {FITTING}")))
        }
    }

    fn path(&self) -> Result<PathBuf, Failure> {
        match self {
            Self::File(path) => Ok(path.clone()),
            Self::Named(name) => Ok(state_directory()?.join("agora").join(format!("{name}.toml"))),
        }
    }
}

fn state_directory() -> Result<PathBuf, Failure> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
        .ok_or_else(|| Failure::usage("neither XDG_STATE_HOME nor HOME says where identities are: use --identity FILE"))
}

/// A participant, and the file that it is in.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) participant: ParticipantId,
    path: PathBuf,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Content {
    participant: ParticipantId,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Memo {
    known: Index,
}

impl Identity {
    pub(crate) fn load_or_make(which: &Which) -> Result<Self, Failure> {
        let path = which.path()?;
        if !path.exists() {
            let content = Content { participant: fresh() };
            make(&path, &content)?;
        }
        // Also where another process was faster.
        let Content { participant } = file::read(&path)?;
        Ok(Self { participant, path })
    }

    /// The name of its file, which is that of `--as`.
    pub(crate) fn name(&self) -> String {
        self.path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// The commit index that was known when this request was first sent, if it was ever sent from here.
    pub(crate) fn recall(&self, request: RequestId) -> Result<Option<Index>, Failure> {
        let path = self.memo(request);
        if !path.exists() {
            return Ok(None);
        }
        let Memo { known } = file::read(&path)?;
        Ok(Some(known))
    }

    /// Writes that index down; afterwards the request may be sent. If it was written before, that one counts.
    pub(crate) fn remember(&self, request: RequestId, known: Index) -> Result<Index, Failure> {
        let folder = self.memos();
        // Room is made first: the new one is never the one that is forgotten.
        if folder.exists() {
            forget_oldest(&folder, MAX_MEMOS - 1)
                .map_err(|error| Failure::fault(format!("cannot tidy {}: {error}", folder.display())))?;
        }
        make(&self.memo(request), &Memo { known })?;
        Ok(self.recall(request)?.unwrap_or(known))
    }

    fn memo(&self, request: RequestId) -> PathBuf {
        self.memos().join(format!("{request}.toml"))
    }

    fn memos(&self) -> PathBuf {
        let mut folder = self.path.clone().into_os_string();
        folder.push(".requests");
        folder.into()
    }
}

/// Removes the oldest files of a folder until no more than `most` are left.
fn forget_oldest(folder: &Path, most: usize) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // One that another process has just removed is no matter.
        if let Ok(metadata) = entry.metadata() {
            files.push((metadata.modified()?, entry.path()));
        }
    }
    files.sort_unstable();
    files.truncate(files.len().saturating_sub(most));
    for (_, path) in files {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// A participant that nobody else is.
#[expect(clippy::disallowed_methods, reason = "identities are drawn here, at the edge")]
pub(crate) fn fresh() -> ParticipantId {
    ParticipantId(Uuid::new_v4())
}

/// Makes a file whole or not at all, flushed, readable by its owner only; one that is already there stays.
fn make(path: &Path, content: &impl Serialize) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::fault(format!("cannot make {}: {error}", path.display()));
    let text = toml::to_string(content).map_err(|error| failed(&error))?;
    make_text(path, &text).map_err(|error| failed(&error))
}

fn make_text(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let draft = folder.join(format!(".{}.draft", fresh()));
    let result = write(&draft, text).and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => File::open(folder)?.sync_all(),
    });
    let removed = fs::remove_file(&draft);
    result.and(removed)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_requests_are_forgotten_first() {
        let folder = std::env::temp_dir().join(format!("agora-memos-{}", fresh()));
        fs::create_dir(&folder).expect("a temporary folder");
        let day = std::time::Duration::from_secs(86_400);
        for (age, name) in [(3, "c"), (1, "a"), (2, "b")] {
            let file = File::create(folder.join(name)).expect("a file");
            file.set_modified(std::time::UNIX_EPOCH + 10 * day - age * day).expect("its time");
        }
        forget_oldest(&folder, 2).expect("the folder is tidied");
        let mut left: Vec<_> =
            fs::read_dir(&folder).expect("it is there").map(|e| e.expect("a file").file_name()).collect();
        left.sort();
        assert_eq!(left, ["a", "b"]);
        fs::remove_dir_all(&folder).expect("it is removed");
    }
}
