//! Panics. tokio catches one in a task, and an actor that panicked is only gone: here it fails the run.

use std::cell::RefCell;
use std::panic;
use std::sync::Once;

use crate::invariants::Violation;

thread_local! {
    /// The first panic on this thread since it was last asked for.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Notes them from now on.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            PANIC.with_borrow_mut(|noted| {
                noted.get_or_insert_with(|| info.to_string());
            });
            before(info);
        }));
    });
}

/// A violation, if something panicked on this thread.
pub(crate) fn none() -> Result<(), Violation> {
    match PANIC.take() {
        Some(panic) => Err(Violation::new("NET-1", panic)),
        None => Ok(()),
    }
}
