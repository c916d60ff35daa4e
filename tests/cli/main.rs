//! The command, as its users run it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at once")]

mod arrays;
mod like_zfp;
mod support;
mod unlike_zfp;
mod whole;
