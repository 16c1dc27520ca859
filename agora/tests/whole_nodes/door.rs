//! The side door of a socket: what comes late, twice, or from nobody comes through it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// A side door; clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Door(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    waiting: Mutex<VecDeque<(Vec<u8>, SocketAddr)>>,
    bell: Notify,
}

impl Door {
    pub(crate) fn put(&self, bytes: Vec<u8>, from: SocketAddr) {
        self.waiting().push_back((bytes, from));
        self.0.bell.notify_one();
    }

    pub(crate) fn take(&self) -> Option<(Vec<u8>, SocketAddr)> {
        self.waiting().pop_front()
    }

    /// Waits until there is something to take.
    pub(crate) async fn rings(&self) {
        while self.waiting().is_empty() {
            self.0.bell.notified().await;
        }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<(Vec<u8>, SocketAddr)>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
