//! What clients receive: noted, compared with what is committed, and acted upon.

use std::net::SocketAddr;

use agora::auction::event::RequestKey;
use agora::auction::message::{Ack, Bidding, Deny, Lobby, Outcome as Ending};
use agora::auction::refusal::Code;
use agora::discovery::message::Message as Discovery;
use agora::heartbeat::message::Message as Beat;
use agora::id::{NodeId, RequestId};
use agora::wire::{ClusterTag, Message, open};

use crate::client::Ask;
use crate::invariants::{Outcome, Violation};
use crate::trace::brief;
use crate::world::World;

impl World {
    /// A datagram arrives at a client.
    pub(crate) fn client_receives(
        &mut self,
        number: usize,
        from: SocketAddr,
        bytes: &[u8],
        cluster: ClusterTag,
    ) -> Result<(), Violation> {
        let Ok((header, messages)) = open(bytes, cluster) else { return Ok(()) };
        for message in messages {
            self.trace.line(format!("c{number}"), || format!("<- {} {}", self.name(from), brief(&message)));
            self.client_message(number, from, header.sender, &message)?;
        }
        Ok(())
    }

    fn client_message(
        &mut self,
        number: usize,
        from: SocketAddr,
        sender: NodeId,
        message: &Message,
    ) -> Result<(), Violation> {
        match message {
            Message::Discovery(Discovery::LeaderDetails { leader, commit, cookie, .. }) => {
                self.clients[number].learn(from, *leader, *commit, *cookie);
            }
            Message::Heartbeat(Beat::HeartBeatAck { last, .. }) => {
                self.clients[number].heard();
                for (auction, last) in last {
                    if let Some((to, message)) = self.clients[number].missing(*auction, *last) {
                        self.client_sends(number, to, &message)?;
                    }
                }
            }
            Message::Lobby(
                Lobby::CreateAck(ack) | Lobby::JoinAck(ack) | Lobby::LeaveAck(ack) | Lobby::ReadyConfirmAck(ack),
            )
            | Message::Outcome(Ending::CancelAck(ack))
            | Message::Bidding(Bidding::Ack(ack)) => self.acknowledged(number, ack)?,
            Message::Lobby(
                Lobby::CreateDeny(deny)
                | Lobby::JoinDeny(deny)
                | Lobby::LeaveDeny(deny)
                | Lobby::ReadyConfirmDeny(deny),
            )
            | Message::Outcome(Ending::CancelDeny(deny))
            | Message::Bidding(Bidding::Deny(deny)) => self.denied(number, deny)?,
            Message::Lobby(Lobby::ListResponse { read, commit, .. }) => {
                let request = self.clients[number].tasks.iter().find_map(|(request, task)| {
                    (task.is_read() && request.0.as_u64_pair().0 == *read).then_some(*request)
                });
                if let Some(task) = request.and_then(|request| self.clients[number].answered(request))
                    && let Ask::List(floor) = task.ask
                    && self.checks.one_log()
                    && *commit < floor
                {
                    let what =
                        format!("client {number} reads as of {commit}; {floor} was acknowledged before it asked");
                    return Err(Violation::new("LOG-1", what));
                }
            }
            Message::Bidding(_) | Message::Outcome(_) => self.event(number, sender, message)?,
            _ => {}
        }
        Ok(())
    }

    fn event(&mut self, number: usize, sender: NodeId, message: &Message) -> Result<(), Violation> {
        let Some(head) = crate::invariants::head(message) else { return Ok(()) };
        self.checks.event(self.clients[number].participant, message)?;
        if matches!(message, Message::Outcome(Ending::Winner(_) | Ending::Loser(_) | Ending::Result(_))) {
            self.report.results += 1;
        }
        self.clients[number].event(sender, head, message);
        Ok(())
    }

    fn client_sends(&mut self, number: usize, to: SocketAddr, message: &Message) -> Result<(), Violation> {
        self.trace.line(format!("c{number}"), || format!("-> {} {}", self.name(to), brief(&message)));
        let address = self.clients[number].address;
        for bytes in self.clients[number].seal(message) {
            self.send(self.nodes.len() + number, address, to, &bytes.into())?;
        }
        Ok(())
    }

    fn acknowledged(&mut self, number: usize, ack: &Ack) -> Result<(), Violation> {
        self.told(number, ack.request, &Outcome::Done(ack.receipt.clone()))?;
        let Some(task) = self.clients[number].answered(ack.request) else { return Ok(()) };
        self.report.acknowledged += 1;
        match task.ask {
            Ask::Create(_) => {
                if self.clients[number].auctioneer {
                    self.board.push(ack.receipt.auction);
                    self.clients[number].follows.entry(ack.receipt.auction).or_default();
                } else {
                    self.clients[number].idle.push(ack.receipt.auction);
                }
            }
            Ask::Join(auction) => {
                self.clients[number].follows.entry(auction).or_default();
            }
            Ask::Bid(..) => self.report.bids += 1,
            Ask::Leave(_) | Ask::Start(_) | Ask::Cancel(_) | Ask::List(_) => {}
        }
        Ok(())
    }

    fn denied(&mut self, number: usize, deny: &Deny) -> Result<(), Violation> {
        if deny.refusal.code.is_no_outcome() {
            self.clients[number].later(deny.request, self.now);
            return Ok(());
        }
        // Which says nothing of whether it was carried out once; only that it is not now.
        if deny.refusal.code == Code::Expired {
            self.report.expired += 1;
        } else {
            self.told(number, deny.request, &Outcome::Refused(deny.refusal.clone()))?;
        }
        let task = self.clients[number].refused(deny.request);
        self.report.refused += u64::from(task.is_some());
        // It asked for what it knew to be acknowledged.
        if deny.refusal.code == Code::NotFound
            && let Some(auction) = task.as_ref().and_then(|task| task.ask.auction())
            && self.board.contains(&auction)
            && self.checks.ledger().is_some_and(|ledger| !ledger.has_left(auction))
        {
            let what = format!("client {number} is told that {auction} is not there, which was acknowledged before");
            return Err(Violation::new("LOG-1", what));
        }
        if let Some(Ask::Join(auction)) = task.map(|task| task.ask)
            && deny.refusal.code == Code::AlreadyJoined
        {
            self.clients[number].follows.entry(auction).or_default();
        }
        Ok(())
    }

    fn told(&mut self, number: usize, request: RequestId, outcome: &Outcome) -> Result<(), Violation> {
        let key = RequestKey { participant: self.clients[number].participant, request };
        if let Some(index) = self.checks.answered(key, outcome)? {
            self.acknowledged = self.acknowledged.max(index);
        }
        Ok(())
    }
}
