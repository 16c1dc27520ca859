//! What operators order, and what becomes of it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What an operator wants of the members or the leader; nodes by their UUIDs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// An observer becomes a member (`--cluster-size` only).
    Add(Uuid),
    /// A member becomes an observer (`--cluster-size` only).
    Remove(Uuid),
    /// Another member leads.
    Transfer {
        /// Who led when this was ordered first.
        from: Uuid,
        /// Who shall; `None`: the highest that can.
        to: Option<Uuid>,
    },
}

/// How far an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ordered {
    /// It is so, and committed.
    Done,
    /// Ask again.
    UnderWay,
    /// It cannot be.
    Refused(Unfit),
}

/// Why an order cannot be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// In mode `reachable` the members follow from who is there.
    Reachable,
    /// No such member, or no such observer that is heard.
    NotHere,
    /// The member is not heard.
    Unheard,
    /// A former life of that node is a member: it has to be removed first.
    FormerLife,
    /// There are as many members as there may be.
    Full,
    /// The leader does not remove itself.
    Leads,
    /// There is no other member.
    Last,
    /// Without that member, no majority would be heard.
    NoMajority,
}
