//! The practical floor: a server that does nothing but broadcast, and so what a router cannot go below.
//!
//! It speaks just enough WAMP over WebSocket with MessagePack that the same generator loads it as a router. Whoever sends
//! SUBSCRIBE is a subscriber, whatever the topic. Of a PUBLISH it looks for where the arguments begin, puts the head of an
//! EVENT that is always the same before them and sends that to all subscribers but the publisher. Nothing is checked,
//! limited, authorized or counted, and payloads are not looked at.

mod connection;
mod frame;
mod outbox;
mod wamp;

use crate::error::{Result, Tried};
use clap::Args;
use outbox::Outbox;
use parking_lot::Mutex;
use std::{io::Write, net::SocketAddr, sync::Arc};
use tokio::{net::TcpListener, runtime::Runtime};

/// Serve broadcast without a router's work, to compare a router with.
#[derive(Args, Debug)]
pub(crate) struct Floor {
    /// Address to listen on; port 0 lets the operating system choose
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

impl Floor {
    /// Serves until the process is ended. The first line on standard output says where.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub(crate) fn run(&self) -> Result<()> {
        Runtime::new().tried("cannot start a runtime")?.block_on(self.serve())
    }

    async fn serve(&self) -> Result<()> {
        let listener = TcpListener::bind(self.listen).await.tried("cannot listen")?;
        let address = listener.local_addr().tried("cannot listen")?;
        let mut out = std::io::stdout();
        writeln!(out, "listening on ws://{address}/")
            .and_then(|()| out.flush())
            .tried("cannot write")?;
        let crowd = Arc::<Crowd>::default();
        loop {
            let (stream, _) = listener.accept().await.tried("cannot accept connections")?;
            tokio::spawn(connection::serve(stream, crowd.clone()));
        }
    }
}

/// All subscribers.
#[derive(Debug, Default)]
struct Crowd(Mutex<Arc<[Arc<Outbox>]>>);

impl Crowd {
    /// Those that there are now.
    fn now(&self) -> Arc<[Arc<Outbox>]> {
        self.0.lock().clone()
    }

    fn join(&self, outbox: Arc<Outbox>) {
        let mut all = self.0.lock();
        *all = all.iter().cloned().chain([outbox]).collect();
    }

    fn leave(&self, outbox: &Arc<Outbox>) {
        let mut all = self.0.lock();
        *all = all.iter().filter(|other| !Arc::ptr_eq(other, outbox)).cloned().collect();
    }
}
