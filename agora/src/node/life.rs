//! One life of the concerns: from a new incarnation to the end of its log.

use std::net::SocketAddr;
use std::rc::Rc;

use actix::{Actor, Addr, Recipient};

use super::edge::Edge;
use super::switch::Switch;
use super::wiring::{self, Deliver};
use crate::actor::{Concern, In};
use crate::auction::protocol::Manager;
use crate::config::Settings;
use crate::cookie::Cookies;
use crate::discovery::protocol::Discovery;
use crate::election::protocol::Election;
use crate::heartbeat::protocol::Heartbeat;
use crate::id::Member;
use crate::protocol::Protocol;
use crate::replicator::protocol::Replicator;
use crate::sequencer::protocol::Sequencer;
use crate::transport::{Attach, Inlet};
use crate::{discovery, replicator};

/// The concerns at work.
pub(super) struct Life {
    switch: Rc<Switch>,
}

impl Life {
    /// Starts all concerns as `me` and lets the network in.
    pub(super) fn begin(
        me: Member,
        settings: &Settings,
        address: SocketAddr,
        edge: &mut Edge,
        switch: Switch,
        transport: &Recipient<In<Attach>>,
    ) -> Self {
        let switch = Rc::new(switch);
        let cookies = Cookies::new((edge.random)());
        let now = edge.clock.now();
        let seeds = [(edge.random)(), (edge.random)(), (edge.random)(), (edge.random)()];
        let start = Start { edge, switch: &switch };
        let replicator = Replicator::new(me, settings, seeds[0], now);
        let discovery = Discovery::new(me, settings, cookies, seeds[1], now);
        let inlet = Inlet {
            replicator: start.concern("replicator", replicator, wiring::from_replicator).recipient(),
            discovery: start.concern("discovery", discovery, wiring::from_discovery).recipient(),
            heartbeat: start
                .concern("heartbeat", Heartbeat::new(settings, seeds[2]), wiring::from_heartbeat)
                .recipient(),
            election: start
                .concern("election", Election::new(me, settings, seeds[3]), wiring::from_election)
                .recipient(),
            manager: start
                .concern("auction manager", Manager::new(settings, cookies).named(me.node), wiring::from_manager)
                .recipient(),
        };
        let sequencer = start.concern("sequencer", Sequencer::new(), wiring::from_sequencer).recipient();
        // No concern runs before this function returns: actors begin when their task is first polled.
        switch.connect(inlet.clone(), sequencer);
        switch.carry_out(Deliver::Discovery(discovery::message::Input::Bound(address)));
        transport.do_send(In(Attach { me: me.node, inlet }));
        Self { switch }
    }

    /// Asks the replicator to hand over and stop.
    pub(super) fn stop(&self) {
        self.switch.carry_out(Deliver::Replicator(replicator::message::Input::Stop));
    }
}

impl Drop for Life {
    /// The concerns end, and what they still say goes nowhere.
    fn drop(&mut self) {
        self.switch.cut();
    }
}

struct Start<'a> {
    edge: &'a Edge,
    switch: &'a Rc<Switch>,
}

impl Start<'_> {
    fn concern<P>(&self, name: &'static str, protocol: P, route: fn(P::Output, &mut Vec<Deliver>)) -> Addr<Concern<P>>
    where
        P: Protocol + Unpin + 'static,
        P::Input: 'static,
        P::Output: Unpin + 'static,
    {
        let wire = Wire { name, switch: Rc::clone(self.switch) };
        let mut delivers = Vec::new();
        let deliver = Box::new(move |output| {
            route(output, &mut delivers);
            for deliver in delivers.drain(..) {
                wire.switch.carry_out(deliver);
            }
        });
        Concern::new(protocol, Box::new(Rc::clone(&self.edge.clock)), deliver).start()
    }
}

/// A concern's end of the switch; it goes with the actor, however that ends.
struct Wire {
    name: &'static str,
    switch: Rc<Switch>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.switch.ended(self.name);
    }
}
