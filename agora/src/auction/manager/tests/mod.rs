//! The manager, told one thing at a time; what it wants done is compared as a whole.

mod any_order;
mod archive;
mod backlog;
mod deadlines;
mod delivery;
mod exactly_once;
mod independent;
mod leadership;
mod limits;
mod reads;
mod scene;
mod shelf;
