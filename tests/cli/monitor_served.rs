//! A monitor that keeps running, asked over real HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use super::monitor_status::Monitor;

struct Served {
    child: Child,
    err: BufReader<ChildStderr>,
    address: SocketAddr,
}

impl Served {
    fn start(monitor: &Monitor) -> Served {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trailseal"));
        command.args([
            "monitor",
            "--config",
            &monitor.path("trailseal.toml"),
            "--every",
            "1h",
            "--listen",
            "127.0.0.1:0",
        ]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut err = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        err.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap_or_else(|| panic!("{line}"));
        Served { address: address.parse().unwrap(), child, err }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Sends some bytes; all that comes back until the connection is closed.
    fn send(&self, request: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    }

    fn get(&self, path: &str) -> String {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    }

    /// Waits until the first run has ended.
    fn healthy(&self) -> String {
        let begun = Instant::now();
        loop {
            let answer = self.get("/healthz");
            if answer.starts_with("HTTP/1.1 200 ") || begun.elapsed() > Duration::from_secs(60) {
                return answer;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn end(mut self) -> (Option<i32>, String) {
        let sent = Command::new("kill").args(["-s", "TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let mut said = String::new();
        self.err.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }
}

#[test]
fn it_answers_while_it_runs_and_ends_when_it_is_asked() {
    let monitor = Monitor::new("metrics_file = \"m.prom\"");
    let served = Served::start(&monitor);
    let health = served.healthy();
    assert!(health.ends_with("\r\n\r\nok\n"), "{health}");
    assert!(health.contains("\r\nconnection: close\r\n"), "{health}");

    let metrics = served.get("/metrics?x=1");
    assert!(metrics.contains("\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{metrics}");
    assert!(
        metrics.contains("\ntrailseal_monitor_last_run_outcome{target=\"copy\",outcome=\"complete\"} 1\n"),
        "{metrics}"
    );
    let page = served.get("/status");
    assert!(page.contains("\r\ncontent-type: text/html; charset=utf-8\r\n") && page.ends_with("</html>\n"), "{page}");
    let head = served.send("HEAD /status HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"), "{head}");

    for path in ["/", "/status/", "/../state.sqlite", "/metrics/x", "*"] {
        assert!(served.get(path).starts_with("HTTP/1.1 404 "), "{path}");
    }
    let posted = served.send("POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
    assert!(posted.starts_with("HTTP/1.1 405 ") && posted.contains("\r\nallow: GET, HEAD\r\n"), "{posted}");
    assert!(served.send("nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));

    let (status, said) = served.end();
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("interrupted: "), "{said}");
}

/// One second request on a connection, headers without an end, and more silent connections than there is room for.
#[test]
fn nobody_holds_it_up() {
    let monitor = Monitor::new("");
    let served = Served::start(&monitor);
    served.healthy();
    let twice = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(2);
    assert_eq!(served.send(&twice).matches("HTTP/1.1").count(), 1);
    let long = format!("GET /healthz HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(100_000));
    let mut stream = served.connect();
    let _ = stream.write_all(long.as_bytes());
    let mut answer = [0; 12];
    // It may be closed before all of it was sent, and the answer lost.
    if stream.read_exact(&mut answer).is_ok() {
        assert_eq!(&answer, b"HTTP/1.1 431");
    }
    let silent: Vec<TcpStream> = (0..64).map(|_| served.connect()).collect();
    let begun = Instant::now();
    assert!(served.get("/healthz").starts_with("HTTP/1.1 200 "), "who says nothing is sent away");
    assert!(begun.elapsed() < Duration::from_secs(19), "{:?}", begun.elapsed());
    // They are not waited for at the end.
    let begun = Instant::now();
    assert_eq!(served.end().0, Some(0));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    drop(silent);
}

#[test]
fn what_is_wrong_is_told_in_a_line() {
    let monitor = Monitor::new("");
    let served = Served::start(&monitor);
    served.healthy();
    // Another file in its place: the monitor goes on with the one that it has open.
    std::fs::rename(monitor.path("state.sqlite"), monitor.path("elsewhere")).unwrap();
    std::thread::sleep(Duration::from_millis(1_100));
    for path in ["/healthz", "/metrics", "/status"] {
        let answer = served.get(path);
        assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("there is no state file"), "{answer}");
    }
    let another = Monitor::new("");
    let other = Served::start(&another);
    let output = Command::new(env!("CARGO_BIN_EXE_trailseal"))
        .args(["monitor", "--config", &Monitor::new("").path("trailseal.toml"), "--every", "1h"])
        .args(["--listen", &other.address.to_string()])
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(told.starts_with(&format!("error: {} cannot be listened on: ", other.address)), "{told}");
    assert_eq!((served.end().0, other.end().0), (Some(0), Some(0)));
}
