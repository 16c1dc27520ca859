//! How values are read, where the errors of their types do not say what to write instead.

use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

use uuid::Uuid;

const ADDRESS: &str = "expected IP:PORT, such as 127.0.0.1:0";
const IP: &str = "expected an IPv4 address, such as 192.168.1.255";
const ID: &str = "expected a UUID, such as a0a1a2a3-a4a5-4aa6-8aa7-a8a9aaabacad";
const SIZE: &str = "expected a number from 1 to 15";
const PORT: &str = "expected a number from 1 to 65535";
const NUMBER: &str = "expected a whole number";

/// `--bind`, `--advertise`.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    read(text, ADDRESS)
}

/// `--join`: in a list from the environment a space may follow the comma.
#[expect(clippy::unnecessary_wraps, reason = "clap wants a parser")]
pub(crate) fn trimmed(text: &str) -> Result<String, String> {
    Ok(text.trim().into())
}

/// `--broadcast-address`: likewise.
pub(crate) fn ip(text: &str) -> Result<Ipv4Addr, String> {
    read(text.trim(), IP)
}

/// `--id`.
pub(crate) fn id(text: &str) -> Result<Uuid, String> {
    read(text, ID)
}

/// `--cluster-size`.
pub(crate) fn size(text: &str) -> Result<u8, String> {
    read(text, SIZE)
}

/// `--broadcast-port`.
pub(crate) fn port(text: &str) -> Result<u16, String> {
    read(text, PORT)
}

/// Any other number.
pub(crate) fn number<T: FromStr>(text: &str) -> Result<T, String> {
    read(text, NUMBER)
}

fn read<T: FromStr>(text: &str, expected: &str) -> Result<T, String> {
    text.parse().map_err(|_| expected.to_string())
}

/// The same in a file.
pub(crate) mod file {
    use serde::de::{Deserialize, Deserializer, Error};

    use crate::output::Format;

    use super::{ADDRESS, ID, IP, Ipv4Addr, NUMBER, PORT, SIZE, SocketAddr, Uuid};

    pub(crate) fn address<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
        read(from, ADDRESS)
    }

    pub(crate) fn ips<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<Ipv4Addr>>, D::Error> {
        read(from, IP)
    }

    pub(crate) fn id<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Uuid>, D::Error> {
        read(from, ID)
    }

    pub(crate) fn size<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u8>, D::Error> {
        read(from, SIZE)
    }

    pub(crate) fn port<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u16>, D::Error> {
        read(from, PORT)
    }

    pub(crate) fn format<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Format>, D::Error> {
        String::deserialize(from)?.parse().map(Some).map_err(D::Error::custom)
    }

    pub(crate) fn number<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
        read(from, NUMBER)
    }

    fn read<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D, expected: &str) -> Result<Option<T>, D::Error> {
        T::deserialize(from).map(Some).map_err(|_| D::Error::custom(expected))
    }
}
