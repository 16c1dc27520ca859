//! What Linux tells of processes.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, SocketAddr, UdpSocket};

/// The kernel tells processor time in hundredths of a second, whatever it counts in itself.
const TICK_US: u64 = 10_000;

/// What a process has used so far, of its processors: microseconds, of all its threads, ended ones too.
pub(super) fn cpu_us(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in brackets, may have blanks; user time and system time are the 12th and 13th after it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some((ticks()? + ticks()?) * TICK_US)
}

/// A thread's time, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Thread {
    pub(super) id: u32,
    /// It ran.
    pub(super) ran: u64,
    /// It could have run, and no processor was free.
    pub(super) waited: u64,
}

/// The threads of a process.
pub(super) fn threads(pid: u32) -> Vec<Thread> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let thread = |id: u32| {
        let told = fs::read_to_string(format!("/proc/{pid}/task/{id}/schedstat")).ok()?;
        let mut numbers = told.split_whitespace().map_while(|number| number.parse().ok());
        Some(Thread { id, ran: numbers.next()?, waited: numbers.next()? })
    };
    tasks.filter_map(|task| thread(task.file_name().to_str()?.parse().ok()?)).collect()
}

/// Bytes in memory.
pub(super) fn memory(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

/// The process that has a UDP socket bound there, if it is of this machine and this user's.
pub(super) fn bound(address: SocketAddr) -> Option<u32> {
    // An address is of this machine if a socket can be bound to it.
    UdpSocket::bind((address.ip(), 0)).ok()?;
    let inodes = inodes(address);
    let pids = fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.into_iter().find(|pid| holds(*pid, &inodes))
}

fn holds(pid: u32, inodes: &BTreeSet<String>) -> bool {
    let open = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    open.filter_map(|entry| fs::read_link(entry.path()).ok())
        .filter_map(|link| link.to_str().map(str::to_owned))
        .any(|link| inodes.contains(&link))
}

/// The sockets of this address, as links of `/proc/PID/fd` name them.
fn inodes(address: SocketAddr) -> BTreeSet<String> {
    let table = if address.is_ipv4() { "/proc/net/udp" } else { "/proc/net/udp6" };
    let table = fs::read_to_string(table).unwrap_or_default();
    let local = |line: &str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let (bound, inode) = (fields.get(1)?.rsplit_once(':')?, fields.get(9)?);
        let port = u16::from_str_radix(bound.1, 16).ok()?;
        let everywhere = bound.0.bytes().all(|digit| digit == b'0');
        (port == address.port() && (everywhere || bound.0 == hex(address.ip()))).then(|| format!("socket:[{inode}]"))
    };
    table.lines().skip(1).filter_map(local).collect()
}

/// An address as the kernel's table has it: words of the machine's own byte order.
fn hex(ip: IpAddr) -> String {
    let bytes = match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let word = |word: &[u8]| <[u8; 4]>::try_from(word).map_or(0, u32::from_ne_bytes);
    bytes.chunks(4).fold(String::new(), |text, bytes| format!("{text}{:08X}", word(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_told_of_and_found_by_its_socket() {
        let pid = std::process::id();
        assert!(cpu_us(pid).is_some());
        assert!(memory(pid).is_some_and(|bytes| bytes > 100_000));
        assert!(!threads(pid).is_empty());
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        assert_eq!(bound(socket.local_addr().expect("its address")), Some(pid));
    }

    #[test]
    fn what_is_elsewhere_is_not_found() {
        assert_eq!(bound("192.0.2.1:9".parse().expect("an address")), None);
        assert_eq!(cpu_us(u32::MAX), None);
    }
}
