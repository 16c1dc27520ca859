//! Who is played here, and as whom: all of a script, or the roles that `--only` names, in an auction of this script's
//! own or in one that is there.

use std::path::{Path, PathBuf};

use agora::id::{AuctionId, ParticipantId};

use crate::failure::Failure;
use crate::identity::{self, Identity, Which};

/// The role that every script has.
pub(super) const AUCTIONEER: &str = "auctioneer";

/// The roles of a script that this process plays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cast {
    /// `--only`; empty, where all are played.
    pub(super) only: Vec<String>,
    /// `--auction`.
    pub(super) auction: Option<AuctionId>,
    /// `--identities`.
    pub(super) identities: Option<PathBuf>,
}

impl Cast {
    /// Whether the three fit each other.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let auctioneer = self.only.iter().any(|name| name == AUCTIONEER);
        match self.auction {
            None if !self.only.is_empty() && !auctioneer => {
                Err(Failure::usage("--only without `auctioneer` needs --auction: who else would create the auction?"))
            }
            Some(_) if auctioneer && self.identities.is_none() => Err(Failure::usage(
                "--auction with --only auctioneer needs --identities, the folder that it was created with: nobody but \
                 its auctioneer may start it",
            )),
            _ => Ok(()),
        }
    }

    /// Whether the auctioneer is played: unless told otherwise, where the auction is not there yet.
    pub(super) fn has_auctioneer(&self) -> bool {
        if self.only.is_empty() { self.auction.is_none() } else { self.only.iter().any(|name| name == AUCTIONEER) }
    }

    /// Whether this bidder is played.
    pub(super) fn has(&self, bidder: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == bidder)
    }

    /// The participant that plays a role: the one of its file in `--identities`, made on first use; else a fresh one.
    pub(super) fn participant(&self, role: &str) -> Result<ParticipantId, Failure> {
        match self.file(role) {
            Some(file) => Ok(Identity::load_or_make(&Which::File(file))?.participant),
            None => Ok(identity::fresh()),
        }
    }

    /// The participant that another process plays, if its identity is already there.
    pub(super) fn other(&self, role: &str) -> Result<Option<ParticipantId>, Failure> {
        match self.file(role).filter(|file| file.exists()) {
            Some(file) => Ok(Some(Identity::load_or_make(&Which::File(file))?.participant)),
            None => Ok(None),
        }
    }

    fn file(&self, role: &str) -> Option<PathBuf> {
        self.identities.as_deref().map(|folder: &Path| folder.join(format!("{role}.toml")))
    }
}
