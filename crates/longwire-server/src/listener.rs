//! The sockets that a server listens on: one a worker for each address, where the system deals
//! connections out among sockets that share a port; otherwise one that all workers accept from.

use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};

/// How many connections may wait to be accepted. The system may have a lower limit.
const BACKLOG: i32 = 4096;

/// Whether SO_REUSEPORT deals connections out evenly here.
const DEALS_OUT: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// Binds one address for a number of workers: a listener for each, and the address that it became.
pub(crate) fn bind(
    address: SocketAddr,
    workers: usize,
) -> io::Result<(SocketAddr, Vec<TcpListener>)> {
    // This one shares its port with nobody, so it tells whether the port is free: sockets that
    // share would share it with another server that does, too.
    let alone = open(address, false)?;
    let address = alone.local_addr()?;
    if workers == 1 {
        return Ok((address, vec![alone]));
    }
    if DEALS_OUT {
        drop(alone);
        let listeners = (0..workers).map(|_| open(address, true)).collect::<io::Result<_>>()?;
        return Ok((address, listeners));
    }
    // Whoever comes first accepts; the others find nothing.
    let listeners = (0..workers).map(|_| alone.try_clone()).collect::<io::Result<_>>()?;
    Ok((address, listeners))
}

fn open(address: SocketAddr, shares_port: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        // Otherwise `[::]` would take the port of `0.0.0.0` too, or not, as the system is set.
        socket.set_only_v6(true)?;
    }
    #[cfg(unix)]
    {
        // A restarted server need not wait for the last connections of the one before it.
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(shares_port)?;
    }
    #[cfg(not(unix))]
    let _ = shares_port;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::bind;
    use std::io::ErrorKind;
    use std::net::{Ipv4Addr, SocketAddr};

    #[test]
    fn workers_have_listeners_of_one_port_that_nobody_else_gets() {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        for workers in [1, 3] {
            let (address, listeners) = bind(any, workers).unwrap();
            assert_eq!(listeners.len(), workers);
            for listener in &listeners {
                assert_eq!(listener.local_addr().unwrap(), address);
            }
            for others in [1, 2] {
                let taken = bind(address, others).unwrap_err();
                assert_eq!(taken.kind(), ErrorKind::AddrInUse);
            }
        }
    }
}
