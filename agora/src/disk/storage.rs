//! What a journal needs of a disk.

use std::io;

/// One file that grows at its end, and a way to put it aside.
///
/// After an error of [`append`](Self::append) or [`flush`](Self::flush) nobody knows what is in the file: neither is
/// ever tried again.
pub trait Storage {
    /// The whole file; empty, where there is none.
    fn read(&mut self) -> io::Result<Vec<u8>>;

    /// Writes behind what is there. A crash may leave any part of it, or none.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes everything that was appended durable.
    fn flush(&mut self) -> io::Result<()>;

    /// Drops everything from `length` on, durably.
    fn truncate(&mut self, length: u64) -> io::Result<()>;

    /// Writes to the draft of another file, behind what is in it (`anew`: an empty one). Nothing rests on a draft.
    fn draft(&mut self, bytes: &[u8], anew: bool) -> io::Result<()>;

    /// Makes the draft durable and puts it in the file's place, at once: a crash leaves the one or the other.
    fn adopt(&mut self) -> io::Result<()>;

    /// Puts the file aside, if there is one, and begins another with these bytes, durably and at once: a crash leaves
    /// the old one or the new one.
    fn replace(&mut self, bytes: &[u8]) -> io::Result<()>;
}

impl<S: Storage + ?Sized> Storage for Box<S> {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        (**self).read()
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        (**self).append(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        (**self).flush()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        (**self).truncate(length)
    }

    fn draft(&mut self, bytes: &[u8], anew: bool) -> io::Result<()> {
        (**self).draft(bytes, anew)
    }

    fn adopt(&mut self) -> io::Result<()> {
        (**self).adopt()
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        (**self).replace(bytes)
    }
}
