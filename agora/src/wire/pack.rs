//! Packing messages for one destination into as few datagrams as their order allows.

use super::Message;
use super::codec::encode;
use super::envelope::Sealer;
use super::error::TooLarge;
use super::limits::{HEADER, MAX_DATAGRAM, MAX_MESSAGES, MAX_PAYLOAD, TAG};

/// Room for some datagrams is kept from one use to the next.
const KEPT: usize = 4 * MAX_DATAGRAM;

/// Collects messages for one destination, in order, and yields them as sealed datagrams.
///
/// It keeps its buffer, so one that is used again and again does not allocate.
///
/// ```
/// use agora::heartbeat::message::Message as Beat;
/// use agora::id::NodeId;
/// use agora::wire::{ClusterTag, Message, Packer, Sealer, open};
///
/// let cluster = ClusterTag::of("agora");
/// let mut sealer = Sealer::new(cluster, NodeId { uuid: uuid::Uuid::nil(), incarnation: 7 });
/// let message = Message::Heartbeat(Beat::HeartBeat { number: 1, client: None });
///
/// let mut packer = Packer::new();
/// packer.push(&message)?;
/// for datagram in packer.finish(&mut sealer) {
///     let (header, messages) = open(datagram, cluster)?;
///     assert_eq!(header.sender.incarnation, 7);
///     assert_eq!(messages, [message.clone()]);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Packer {
    /// Datagrams back to back, each with room for its header and tag; the last may still lack its tag.
    bytes: Vec<u8>,
    /// Where the complete ones end.
    ends: Vec<usize>,
    /// How many messages the incomplete one holds.
    messages: usize,
    /// What is here has been handed out: the next message begins anew.
    finished: bool,
}

impl Packer {
    /// An empty one.
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), ends: Vec::new(), messages: 0, finished: false }
    }

    /// Whether there is nothing to send.
    pub const fn is_empty(&self) -> bool {
        self.finished || self.messages == 0
    }

    /// Adds a message behind the earlier ones. One that no datagram can carry is refused, and leaves the others alone.
    pub fn push(&mut self, message: &Message) -> Result<(), TooLarge> {
        let at = self.begin();
        encode(message, &mut self.bytes)?;
        self.end(at);
        Ok(())
    }

    /// Adds a message that [`encode`] has written: for one message to many it is written once.
    pub fn push_encoded(&mut self, message: &[u8]) {
        let at = self.begin();
        self.bytes.extend_from_slice(message);
        self.end(at);
    }

    /// Where the next message begins.
    fn begin(&mut self) -> usize {
        if self.finished {
            self.clear();
        }
        if self.messages == 0 {
            self.bytes.resize(self.start() + HEADER, 0);
        }
        self.bytes.len()
    }

    /// The message that begins at `at` is written.
    fn end(&mut self, at: usize) {
        if self.bytes.len() - self.start() > HEADER + MAX_PAYLOAD || self.messages == MAX_MESSAGES {
            self.divide(at);
        }
        self.messages += 1;
    }

    /// Seals what was pushed and yields the datagrams, in order, each at most [`MAX_DATAGRAM`](super::MAX_DATAGRAM)
    /// bytes; nothing, if nothing was pushed. The packer is empty afterwards.
    pub fn finish(&mut self, sealer: &mut Sealer) -> impl Iterator<Item = &[u8]> {
        if self.finished {
            self.clear();
        }
        if self.messages > 0 {
            self.bytes.resize(self.bytes.len() + TAG, 0);
            self.ends.push(self.bytes.len());
        }
        let mut start = 0;
        for &end in &self.ends {
            sealer.seal(&mut self.bytes[start..end]);
            start = end;
        }
        self.finished = true;
        let mut rest = self.bytes.as_slice();
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let (datagram, others) = rest.split_at(end - start);
            (rest, start) = (others, end);
            datagram
        })
    }

    /// Where the incomplete datagram begins.
    fn start(&self) -> usize {
        self.ends.last().copied().unwrap_or_default()
    }

    /// Completes the datagram before the message at `at`, which begins the next one.
    fn divide(&mut self, at: usize) {
        const GAP: usize = TAG + HEADER;
        let end = self.bytes.len();
        self.bytes.resize(end + GAP, 0);
        self.bytes.copy_within(at..end, at + GAP);
        self.ends.push(at + TAG);
        self.messages = 0;
    }

    /// Forgets what was pushed, and keeps a small buffer.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT);
        self.ends.clear();
        self.messages = 0;
        self.finished = false;
    }
}
