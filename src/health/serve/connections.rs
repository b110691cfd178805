//! Connections: so many at once, none for ever.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::Semaphore;

use super::routes::Routes;

const AT_ONCE: usize = 64;
/// For the head of a request; a connection that is kept alive waits no longer for the next one.
const HEAD: Duration = Duration::from_secs(5);
/// For a connection, its answers included: who does not read them is not waited for.
const CONNECTION: Duration = Duration::from_secs(120);
/// After a failure that will be one again at once, such as too many open files.
const PAUSE: Duration = Duration::from_millis(50);

pub(super) async fn accept(listener: TcpListener, routes: Arc<Routes>) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let place = Arc::clone(&places).acquire_owned().await.map_err(io::Error::other)?;
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let routes = Arc::clone(&routes);
        tokio::spawn(async move {
            let service = hyper::service::service_fn(move |request| {
                let routes = Arc::clone(&routes);
                async move { routes.answer(request).await }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD)
                .serve_connection(TokioIo::new(stream), service);
            // Whatever goes wrong is the other side's, and it knows.
            let _ = tokio::time::timeout(CONNECTION, connection).await;
            drop(place);
        });
    }
}
