//! The thread that writes and flushes, so that the node goes on meanwhile: whatever came during one flush shares the
//! next (group commit), and replication does not wait for it.

use std::io;
use std::sync::mpsc;
use std::thread;

use tokio::sync::oneshot;

use super::archive::Archivist;
use super::journal::Journal;
use super::storage::Storage;
use crate::id::{Index, NodeId};
use crate::replicator::message::Record;

/// At most so many records share a flush, so that the first of them does not wait for ever.
const TOGETHER: usize = 4_096;

/// Who is told what is durable, or that nothing is any more.
pub(crate) type Tell = Box<dyn Fn(Result<u64, io::Error>) + Send>;

/// What the thread is asked. What waits is bounded by what the replicator has under way: it stops accepting while the
/// disk hangs.
enum Order {
    /// A life begins: whoever tells what it wrote is told what is durable. With a node, it begins without a log.
    Begin(Option<NodeId>, Tell),
    Write(u64, Record, Index),
    /// Nobody's: there is nothing to do but to go on with the file that is to take this one's place.
    GoOn,
}

/// The node's end.
#[derive(Debug)]
pub(crate) struct Writer {
    orders: mpsc::Sender<Order>,
    ended: oneshot::Receiver<()>,
}

impl std::fmt::Debug for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Begin(node, _) => f.debug_tuple("Begin").field(node).finish_non_exhaustive(),
            Self::GoOn => f.write_str("GoOn"),
            Self::Write(ticket, record, _) => {
                f.debug_tuple("Write").field(ticket).field(record).finish_non_exhaustive()
            }
        }
    }
}

/// Orders writes; the thread ends with the last of these.
#[derive(Debug, Clone)]
pub(crate) struct Orders(mpsc::Sender<Order>);

impl Orders {
    /// Makes a record durable, then tells its ticket.
    pub(crate) fn write(&self, ticket: u64, record: Record, commit: Index) {
        // A thread that is gone has told why.
        let _ = self.0.send(Order::Write(ticket, record, commit));
    }
}

impl Writer {
    /// Starts the thread.
    pub(crate) fn start<S: Storage + Send + 'static>(
        journal: Journal<S>,
        archive: Option<Archivist>,
    ) -> io::Result<Self> {
        let (orders, todo) = mpsc::channel();
        let (end, ended) = oneshot::channel();
        thread::Builder::new().name("agora-disk".into()).spawn(move || {
            run(journal, &todo, archive.as_ref());
            let _ = end.send(());
        })?;
        Ok(Self { orders, ended })
    }

    /// A life begins: on the log that is there, or as `anew` without one.
    pub(crate) fn begin(&self, anew: Option<NodeId>, tell: Tell) -> Orders {
        let _ = self.orders.send(Order::Begin(anew, tell));
        Orders(self.orders.clone())
    }

    /// Waits until all that was ordered is done, and the file is closed. All [`Orders`] must be gone.
    pub(crate) async fn close(self) {
        drop(self.orders);
        let _ = self.ended.await;
    }
}

fn run<S: Storage>(mut journal: Journal<S>, todo: &mpsc::Receiver<Order>, archive: Option<&Archivist>) {
    let mut tell: Option<Tell> = None;
    let (mut next, mut drafts) = (None, false);
    while let Some(order) = next.take().or_else(|| wait(todo, drafts)) {
        let done = match order {
            Order::GoOn => Ok(None),
            Order::Begin(anew, hears) => {
                tell = Some(hears);
                anew.map_or(Ok(None), |node| journal.begin(node).map(|()| None))
            }
            Order::Write(ticket, record, commit) => {
                journal.write(&record, commit);
                let mut last = ticket;
                for _ in 1..TOGETHER {
                    match todo.try_recv() {
                        Ok(Order::Write(ticket, record, commit)) => {
                            journal.write(&record, commit);
                            last = ticket;
                        }
                        Ok(other) => {
                            next = Some(other);
                            break;
                        }
                        Err(_) => break,
                    }
                }
                journal.flush().map(|()| Some(last))
            }
        };
        let Some(tell) = &tell else { continue };
        match done {
            Ok(None) => {}
            Ok(Some(ticket)) => tell(Ok(ticket)),
            Err(error) => return tell(Err(error)),
        }
        match journal.go_on(|| archive.is_none_or(Archivist::flush)) {
            Ok(more) => drafts = more,
            Err(error) => return tell(Err(error)),
        }
    }
}

/// The next order; while there is a draft, to go on with it rather than to wait. Nothing once there will be no more.
fn wait(todo: &mpsc::Receiver<Order>, drafts: bool) -> Option<Order> {
    match todo.try_recv() {
        Ok(order) => Some(order),
        Err(mpsc::TryRecvError::Empty) if drafts => Some(Order::GoOn),
        Err(_) => todo.recv().ok(),
    }
}
