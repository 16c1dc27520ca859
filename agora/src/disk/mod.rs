//! The log on disk: what a node has promised and holds survives the end of its process, and power loss.
//!
//! One file, to which records are appended; a record is a frame:
//!
//! ```text
//!  0        4        8                    8+length
//!  ├────────┼────────┼─────────···─────────┤
//!  │ length │CRC-32C │ payload: MessagePack │
//!  └────────┴────────┴─────────···─────────┘
//! ```
//!
//! The checksum ([RFC 3720]) is of the length and the payload; numbers are big-endian. The first record is the *head*:
//! whose log it is. After every flush a *mark* follows, which names its own offset: everything before it was durable
//! when it was written. So a tail that a crash tore is told from damage: what is broken after the last mark was never
//! acknowledged by anybody, and is cut; what is broken before one is refused with its offset, and never skipped.
//!
//! | file | what |
//! |---|---|
//! | `frame.rs` | records ⇄ bytes |
//! | `journal.rs` | the log in the file: recover, append, flush, begin anew |
//! | `storage.rs` | the seam: what a journal needs of a disk; the simulator has one of its own |
//! | `file.rs` | a directory of the system, locked |
//! | `archive.rs` | what machines keep beside the log: a file a key, and the thread that writes and reads them |
//! | `writer.rs` | the thread that flushes: one flush for all that came meanwhile |
//!
//! [RFC 3720]: https://www.rfc-editor.org/rfc/rfc3720#appendix-B.4

mod frame;
mod journal;
mod storage;

#[cfg(feature = "actors")]
mod archive;
#[cfg(feature = "actors")]
mod file;
#[cfg(feature = "actors")]
mod writer;

#[cfg(test)]
mod tests;

#[cfg(feature = "actors")]
pub use archive::ARCHIVE;
#[cfg(feature = "actors")]
pub(crate) use archive::{Archive, Archivist};
#[cfg(feature = "actors")]
pub use file::{Directory, LOG};
pub use frame::Damage;
pub use journal::{Journal, Opened, Owner, Recovered, Unreadable, inspect};
pub use storage::Storage;
#[cfg(feature = "actors")]
pub(crate) use writer::{Orders, Writer};
