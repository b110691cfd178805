//! The answer over HTTP: `/healthz` for load balancers, `/livez` for what restarts us, `/metrics` for Prometheus.

mod accept;
mod connections;
mod routes;

use std::net::{SocketAddr, TcpListener};

use super::run::Runner;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::shutdown;

/// Answers at `address` until the process is ended.
pub fn serve(address: SocketAddr, runner: Runner, ctx: &Context) -> Result<(), Fault> {
    let cannot = |e| {
        let fault = Fault::failed(format!("cannot listen at {address}")).because(e);
        fault.hint("give another address with --serve, or end who has this one")
    };
    let listener = TcpListener::bind(address).map_err(cannot)?;
    listener.set_nonblocking(true).map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    // In a container we may be the first process, which no signal ends by default.
    drop(shutdown::hold());
    ctx.out.summary(&format!("listening at http://{address}: /healthz, /livez, /metrics"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Fault::failed("cannot start the web server").because(e))?;
    let routes = routes::Routes::new(runner, ctx);
    runtime
        .block_on(connections::accept(listener, routes))
        .map_err(|e| Fault::failed(format!("cannot go on listening at {address}")).because(e))
}
