//! A process that can be stopped for a while (SIGSTOP): its time goes on, and nothing of it runs.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// Whether a process runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gate(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    closed: bool,
    waiting: Option<Waker>,
}

impl Gate {
    /// Stops the process.
    pub(crate) fn close(&self) {
        self.state().closed = true;
    }

    /// It goes on.
    pub(crate) fn open(&self) {
        let waiting = {
            let mut state = self.state();
            state.closed = false;
            state.waiting.take()
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    /// `process`, which runs only while the gate is open. All its tasks must be inside of it.
    pub(crate) fn before<F: Future>(&self, process: F) -> Gated<F> {
        Gated { gate: self.clone(), process: Box::pin(process) }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A process behind a gate.
pub(crate) struct Gated<F> {
    gate: Gate,
    process: Pin<Box<F>>,
}

impl<F: Future> Future for Gated<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        {
            let mut state = self.gate.state();
            if state.closed {
                state.waiting = Some(context.waker().clone());
                return Poll::Pending;
            }
        }
        self.process.as_mut().poll(context)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;
    use std::time::Duration;

    use tokio::task::{LocalSet, spawn_local};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_stopped_process_does_nothing_and_goes_on_where_its_time_is_by_then() {
        let (gate, beats) = (Gate::default(), Rc::new(Cell::new(0)));
        let process = {
            let beats = Rc::clone(&beats);
            async move {
                let tasks = LocalSet::new();
                let beating = async move {
                    // A task of the process, as actors are.
                    let task = spawn_local(async move {
                        for _ in 0..10 {
                            tokio::time::sleep(Duration::from_secs(1)).await;
                            beats.set(beats.get() + 1);
                        }
                    });
                    task.await.expect("no panic");
                };
                tasks.run_until(beating).await;
            }
        };
        let outside = LocalSet::new();
        outside.spawn_local(gate.before(process));
        let after = async |seconds: u64| {
            outside.run_until(tokio::time::sleep(Duration::from_millis(1_000 * seconds + 1))).await;
            beats.get()
        };
        assert_eq!(after(2).await, 2);
        gate.close();
        assert_eq!(after(5).await, 2);
        gate.open();
        // The beat that was due long ago, and then one a second.
        assert_eq!(after(2).await, 5);
    }
}
