//! The command, as its users run it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at once")]

mod arrays;
mod bench;
mod like_zfp;
mod readme;
mod support;
#[cfg(target_os = "linux")]
mod terminal;
mod unlike_zfp;
mod whole;
