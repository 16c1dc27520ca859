//! The UDP actor: sockets, batched send and receive, routing to the concerns.
