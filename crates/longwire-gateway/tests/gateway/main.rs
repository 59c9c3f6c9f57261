//! The whole server, over real sockets: requests and their answers, and the built-in page in a browser.

mod asking;
mod browser;
mod http10;
mod page;
mod proxy;
mod reading;
mod server;
mod tokens;
