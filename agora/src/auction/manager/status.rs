//! STATUS_RESPONSE: what a node knows, whether it leads or not. No read: nothing is confirmed by anybody.

use std::net::SocketAddr;

use crate::auction::message::{Outcome, Output, Status};
use crate::auction::protocol::Manager;
use crate::heartbeat::message::Session;
use crate::id::{Epoch, NodeId};
use crate::replicator::message::Standing;

/// At most so many members, and as many peers, are told: the answer stays inside one datagram.
pub(crate) const MAX_TOLD: usize = 9;

impl Manager {
    /// Answers STATUS_REQUEST; who is not known to receive at its address is told who leads instead.
    pub(crate) fn status(&self, from: SocketAddr, session: &Session, read: u64, out: &mut Vec<Output>) {
        if !self.cookies.holds(from, session.cookie) {
            out.push(Output::Redirect(from));
            return;
        }
        let status = Box::new(self.standing());
        out.push(Output::Outcome(from, Outcome::StatusResponse { read, status }));
    }

    fn standing(&self) -> Status {
        let nobody = NodeId { uuid: uuid::Uuid::nil(), incarnation: 0 };
        let mut status = Status {
            node: self.node.unwrap_or(nobody),
            standing: Standing::Newcomer,
            epoch: Epoch::NONE,
            leader: None,
            serving: false,
            hears_quorum: false,
            commit: self.commit,
            last: self.commit,
            members: Vec::new(),
            peers: Vec::new(),
            auctions: self.book.phases(),
            fates: self.fates.to_array(),
        };
        if let Some(situation) = &self.situation {
            status.standing = situation.standing;
            status.epoch = situation.promise;
            status.leader = situation.leader;
            status.serving = situation.serving;
            status.hears_quorum = situation.hears_quorum;
            // Situations are told at intervals; what is applied here is known at once.
            status.commit = situation.commit.index.max(self.commit);
            status.last = situation.last.index.max(self.commit);
            status.members = situation.members.iter().take(MAX_TOLD).copied().collect();
            status.peers = situation.peers.iter().take(MAX_TOLD).cloned().collect();
        }
        status
    }
}
