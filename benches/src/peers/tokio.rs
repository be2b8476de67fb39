//! tokio 1 on one thread: a task per connection. A read that does not fill the buffer tells it that the socket is empty. It takes part where there are connections; a loop of callbacks is not what it is for.

use std::net::TcpListener;

use ::tokio::io::{AsyncReadExt, AsyncWriteExt};
use ::tokio::net::TcpStream;
use ::tokio::runtime::Builder;
use ::tokio::task::JoinSet;

use crate::workloads::server::{BUFFER, Service, answered};

pub fn serve(listener: TcpListener, service: Service) {
    let runtime = Builder::new_current_thread().enable_io().build().unwrap();
    runtime.block_on(async {
        let listener = ::tokio::net::TcpListener::from_std(listener).unwrap();
        let mut running = JoinSet::new();
        for _ in 0..service.connections {
            let (stream, _) = listener.accept().await.unwrap();
            running.spawn(answer(stream, service));
            while let Some(ended) = running.try_join_next() {
                ended.unwrap();
            }
        }
        while let Some(ended) = running.join_next().await {
            ended.unwrap();
        }
    });
}

/// Answers until the end.
async fn answer(mut stream: TcpStream, service: Service) {
    let mut buffer = [0; BUFFER];
    loop {
        match stream.read(&mut buffer).await.unwrap() {
            0 => return,
            read => stream.write_all(&buffer[..read]).await.unwrap(),
        }
        answered();
        if service.one_request {
            return;
        }
    }
}
