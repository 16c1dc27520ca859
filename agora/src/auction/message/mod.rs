//! What the auction manager says on the wire, and to its neighbours. On the wire: three enums, [`Lobby`], [`Bidding`] and
//! [`Outcome`].

mod bidding;
mod call;
mod lobby;
mod neighbours;
mod outcome;

pub use bidding::{Bidding, Head, Line, Page, Submit};
pub use call::{Ack, Call, Deny, Durability};
pub use lobby::{Lobby, Phase, Summary};
pub use neighbours::{Input, Output};
pub use outcome::{Ending, OrderAnswer, Outcome, Status};
