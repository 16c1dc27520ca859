//! A typed client: finds the leader, retries, follows a failover, delivers events in order.
