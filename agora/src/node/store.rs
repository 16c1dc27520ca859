//! A node's disk: what was on it when the node was put together, and the thread that writes to it.

use std::path::{Path, PathBuf};

use tokio::sync::mpsc;
use uuid::Uuid;

use super::switch::Word;
use crate::actor::In;
use crate::config::{Invalid, Settings};
use crate::disk::{Archive, Directory, Journal, Orders, Owner, Recovered, Storage, Unreadable, Writer};
use crate::id::NodeId;
use crate::replicator::message::Input;
use actix::Recipient;

/// Why a node cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Its settings cannot be.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// Its data directory cannot be used.
    #[error("data-dir: {}: {why}", .path.display())]
    Data {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        why: Unreadable,
    },
    /// Its data directory is another node's.
    #[error("data-dir: {} holds the log of node {held}, not of {asked}: give it no id, or another directory", .path.display())]
    OtherNode {
        /// The directory.
        path: PathBuf,
        /// The node whose log it holds.
        held: Uuid,
        /// The id that the node was given.
        asked: Uuid,
    },
}

/// Any storage.
pub(super) type AnyStorage = Box<dyn Storage + Send>;

/// A disk that is open, and not yet in use.
pub(super) struct Store {
    pub(super) journal: Journal<AnyStorage>,
    pub(super) recovered: Option<Recovered>,
    pub(super) archive: Option<Archive>,
}

impl Store {
    /// Opens a directory for a node of these settings, and takes it for this process.
    pub(super) fn in_directory(path: &Path, settings: &Settings) -> Result<Self, BuildError> {
        let failed = |why| BuildError::Data { path: path.into(), why };
        let directory = Directory::open(path).map_err(|error| failed(Unreadable::Io(error)))?;
        let mut store = Self::on(Box::new(directory), settings).map_err(failed)?;
        store.archive = Some(Archive::in_directory(path));
        if let Some(Recovered { torn: torn @ 1.., .. }) = store.recovered {
            log::warn!(
                "{}: a crash tore its last {torn} bytes, which nobody was told of; they are cut",
                path.display()
            );
        }
        Ok(store)
    }

    /// The same, of a test's storage.
    pub(super) fn on(storage: AnyStorage, settings: &Settings) -> Result<Self, Unreadable> {
        let owner = Owner { cluster: settings.cluster.clone(), mode: settings.mode };
        let (journal, recovered) = Journal::open(storage, owner)?;
        Ok(Self { journal, recovered, archive: None })
    }

    /// The node that it is of, if it was ever used.
    pub(super) fn node(&self) -> Option<NodeId> {
        self.recovered.as_ref().map(|recovered| recovered.node)
    }
}

/// A life of a node begins: what is written is told to its replicator, and what cannot be, to the host.
pub(super) fn begin(
    writer: &Writer,
    anew: Option<NodeId>,
    replicator: Recipient<In<Vec<Input>>>,
    host: mpsc::UnboundedSender<Word>,
) -> Orders {
    writer.begin(
        anew,
        Box::new(move |done| match done {
            Ok(ticket) => replicator.do_send(In(vec![Input::Flushed(ticket)])),
            Err(error) => {
                let _ = host.send(Word::DiskFailed(error.to_string()));
            }
        }),
    )
}
