//! Those who listen to a node's events. It never waits for them.

use std::collections::VecDeque;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::event::NodeEvent;

/// At most so many events wait for a reader; a slower one misses the newer ones, and is told how many.
pub(super) const WAITING: usize = 1_024;

/// So many of the last events are told to whoever begins to listen.
const PAST: usize = 256;

/// The listeners, and what a new one is told.
#[derive(Debug, Default)]
pub(super) struct Audience {
    past: VecDeque<NodeEvent>,
    listeners: Vec<Listener>,
}

#[derive(Debug)]
struct Listener {
    to: mpsc::Sender<NodeEvent>,
    missed: u64,
}

impl Audience {
    /// Tells what has happened lately, and everything from now on.
    pub(super) fn admit(&mut self, to: mpsc::Sender<NodeEvent>) {
        let mut listener = Listener { to, missed: 0 };
        if self.past.iter().all(|event| listener.tell(event)) {
            self.listeners.push(listener);
        }
    }

    /// Tells everyone who still listens.
    pub(super) fn tell(&mut self, event: NodeEvent) {
        self.listeners.retain_mut(|listener| listener.tell(&event));
        if self.past.len() == PAST {
            self.past.pop_front();
        }
        self.past.push_back(event);
    }
}

impl Listener {
    /// Whether it still listens.
    fn tell(&mut self, event: &NodeEvent) -> bool {
        if self.missed > 0 {
            match self.to.try_send(NodeEvent::Missed(self.missed)) {
                Ok(()) => self.missed = 0,
                Err(TrySendError::Full(_)) => {
                    self.missed += 1;
                    return true;
                }
                Err(TrySendError::Closed(_)) => return false,
            }
        }
        match self.to.try_send(event.clone()) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                self.missed += 1;
                true
            }
            Err(TrySendError::Closed(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(epoch: u64) -> NodeEvent {
        NodeEvent::Leader { epoch, leader: None, is_self: false }
    }

    #[test]
    fn a_slow_listener_is_told_how_much_it_missed() {
        let mut audience = Audience::default();
        let (to, mut events) = mpsc::channel(2);
        audience.admit(to);
        (1..=5).for_each(|epoch| audience.tell(event(epoch)));
        assert_eq!([events.try_recv(), events.try_recv()], [Ok(event(1)), Ok(event(2))]);
        audience.tell(event(6));
        assert_eq!([events.try_recv(), events.try_recv()], [Ok(NodeEvent::Missed(3)), Ok(event(6))]);
    }

    #[test]
    fn who_begins_to_listen_is_told_the_past_as_far_as_it_is_kept() {
        let mut audience = Audience::default();
        (1..=300).for_each(|epoch| audience.tell(event(epoch)));
        let (to, mut events) = mpsc::channel(WAITING);
        audience.admit(to);
        assert_eq!(events.len(), PAST);
        assert_eq!(events.try_recv(), Ok(event(45)));
    }

    #[test]
    fn who_has_gone_is_forgotten() {
        let mut audience = Audience::default();
        let (to, events) = mpsc::channel(1);
        audience.admit(to);
        drop(events);
        audience.tell(event(1));
        assert!(audience.listeners.is_empty());
    }
}
