//! What a user would pick instead, measured on loopback: three-node NATS JetStream, etcd and Redis under one load.
//! See README.md beside Cargo.toml.
use futures::stream::{FuturesUnordered, StreamExt};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
const PAY: usize = 150;

/// Where the Debian packages were unpacked (`RIVALS_ROOT`); unset: as installed.
fn root() -> String {
    std::env::var("RIVALS_ROOT").unwrap_or_default()
}

fn spawn(cmd: &str, args: &[String], log: &str) -> Child {
    let f = std::fs::File::create(log).unwrap();
    let mut command = Command::new(cmd);
    // Whoever kills this program ends its servers, too.
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            Ok(())
        });
    }
    command
        .args(args)
        .env("LD_LIBRARY_PATH", format!("{}/usr/lib/x86_64-linux-gnu", root()))
        .stdin(Stdio::null())
        .stdout(f.try_clone().unwrap())
        .stderr(f)
        .spawn()
        .unwrap()
}
struct Procs(Vec<Child>);
impl Procs {
    fn cpu_s(&self) -> f64 {
        self.0
            .iter()
            .map(|c| {
                let s = std::fs::read_to_string(format!("/proc/{}/stat", c.id())).unwrap_or_default();
                let f: Vec<&str> = s.rsplit(')').next().unwrap_or("").split_whitespace().collect();
                if f.len() < 13 {
                    return 0.0;
                }
                (f[11].parse::<f64>().unwrap_or(0.0) + f[12].parse::<f64>().unwrap_or(0.0)) / 100.0
            })
            .sum()
    }
    fn kill9(&mut self, i: usize) {
        unsafe {
            libc::kill(self.0[i].id() as i32, libc::SIGKILL);
        }
        let _ = self.0[i].wait();
    }
}
impl Drop for Procs {
    fn drop(&mut self) {
        for c in &mut self.0 {
            let _ = c.kill();
            let _ = c.wait();
        }
    }
}

fn pct(v: &mut [u64], p: f64) -> f64 {
    v.sort_unstable();
    if v.is_empty() {
        return f64::NAN;
    }
    v[((v.len() - 1) as f64 * p) as usize] as f64 / 1e3
}
/// A line of JSON on stdout for programs, and one on stderr for people. `delivered`: to how many each entry went.
fn report(tag: &str, inflight: usize, mut lat: Vec<u64>, wall: f64, cpu: f64, delivered: f64) {
    let n = lat.len();
    if n == 0 {
        println!(r#"{{"rival":"{tag}","in-flight":{inflight},"ops":0}}"#);
        return;
    }
    let ops_s = n as f64 / wall;
    let (p50, p99) = (pct(&mut lat, 0.5), pct(&mut lat, 0.99));
    let cpu_op = cpu / n as f64 * 1e6;
    println!(
        r#"{{"rival":"{tag}","in-flight":{inflight},"ops-per-second":{ops_s:.0},"p50-us":{p50:.0},"p99-us":{p99:.0},"server-cpu-us-per-op":{cpu_op:.1},"ops":{n},"delivered-per-op":{delivered:.2}}}"#
    );
    eprintln!(
        "RESULT {tag} inflight={inflight} ops_s={ops_s:.0} p50_us={p50:.0} p99_us={p99:.0} server_cpu_us_op={cpu_op:.1} n={n}"
    );
}
/// The same of one failover; null where nothing was acknowledged within a minute.
fn report_failover(tag: &str, took: Option<Duration>) {
    let ms = took.map_or("null".into(), |t| format!("{:.1}", t.as_secs_f64() * 1e3));
    println!(r#"{{"rival":"{tag}","failover-ms":{ms}}}"#);
    eprintln!("RESULT {tag} failover_ms={ms}");
}

// ---------- NATS
fn nats_start(dir: &str) -> Procs {
    let _ = std::fs::remove_dir_all(dir);
    Procs((0..3).map(|i| {
        std::fs::create_dir_all(format!("{dir}/n{i}")).unwrap();
        let conf = format!("server_name: n{i}\nhost: 127.0.0.1\nport: {}\njetstream {{ store_dir: \"{dir}/n{i}\" }}\ncluster {{ name: c\n host: 127.0.0.1\n port: {}\n routes: [nats://127.0.0.1:16240, nats://127.0.0.1:16241, nats://127.0.0.1:16242] }}\n", 14220 + i, 16240 + i);
        std::fs::write(format!("{dir}/n{i}.conf"), conf).unwrap();
        spawn(&format!("{}/usr/sbin/nats-server", root()), &["-c".into(), format!("{dir}/n{i}.conf")], &format!("{dir}/n{i}.log"))
    }).collect())
}
async fn nats_js(i: usize) -> async_nats::jetstream::Context {
    for _ in 0..200 {
        if let Ok(c) = async_nats::ConnectOptions::new()
            .ignore_discovered_servers()
            .retry_on_initial_connect()
            .connect(format!("nats://127.0.0.1:{}", 14220 + i))
            .await
        {
            return async_nats::jetstream::new(c);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nats connect")
}
async fn nats_stream(js: &async_nats::jetstream::Context, mem: bool) -> usize {
    use async_nats::jetstream::stream::*;
    for _ in 0..400 {
        let r = js
            .get_or_create_stream(Config {
                name: "bids".into(),
                subjects: vec!["bids.>".into()],
                num_replicas: 3,
                storage: if mem { StorageType::Memory } else { StorageType::File },
                ..Default::default()
            })
            .await;
        match r {
            Ok(mut s) => {
                if let Ok(i) = s.info().await {
                    if let Some(c) = &i.cluster {
                        if let Some(l) = &c.leader {
                            if c.replicas.len() == 2 && c.replicas.iter().all(|r| r.current) {
                                return l[1..].parse().unwrap();
                            }
                        }
                    }
                }
            }
            Err(e) => {
                if std::env::var("DBG").is_ok() {
                    eprintln!("{e}")
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nats stream")
}
async fn nats_bench(dir: &str, mem: bool, windows: &[usize], secs: f64, tag: &str) {
    let p = nats_start(dir);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let js0 = nats_js(0).await;
    let leader = nats_stream(&js0, mem).await;
    let js = nats_js(leader).await;
    for _ in 0..500 {
        js.publish("bids.a", vec![7u8; PAY].into()).await.unwrap().await.unwrap();
    }
    for &w in windows {
        let mut lat = vec![];
        let c0 = p.cpu_s();
        let t0 = Instant::now();
        let mut fu = FuturesUnordered::new();
        loop {
            let go = t0.elapsed().as_secs_f64() < secs;
            while go && fu.len() < w {
                let js = js.clone();
                fu.push(async move {
                    let t = Instant::now();
                    let ok = match js.publish("bids.a", vec![7u8; PAY].into()).await {
                        Ok(a) => a.await.is_ok(),
                        Err(_) => false,
                    };
                    (ok, t.elapsed().as_nanos() as u64)
                });
            }
            match fu.next().await {
                Some((true, l)) => lat.push(l),
                Some(_) => {}
                None => break,
            }
        }
        report(tag, w, lat, t0.elapsed().as_secs_f64(), p.cpu_s() - c0, 0.0);
    }
}
async fn nats_failover(dir: &str, mem: bool) {
    let mut p = nats_start(dir);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let js0 = nats_js(0).await;
    let leader = nats_stream(&js0, mem).await;
    let js = nats_js(leader).await;
    for _ in 0..200 {
        js.publish("bids.a", vec![7u8; PAY].into()).await.unwrap().await.unwrap();
    }
    let surv: Vec<usize> = (0..3).filter(|i| *i != leader).collect();
    let clients = futures::future::join_all(surv.iter().map(|i| async move {
        let c = async_nats::ConnectOptions::new()
            .ignore_discovered_servers()
            .connect(format!("nats://127.0.0.1:{}", 14220 + i))
            .await
            .unwrap();
        let mut js = async_nats::jetstream::new(c);
        js.set_timeout(Duration::from_millis(50));
        js
    }))
    .await;
    for c in &clients {
        let _ = c.publish("bids.a", vec![7u8; PAY].into()).await.unwrap().await;
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let t0 = Instant::now();
    p.kill9(leader);
    let mut fu = FuturesUnordered::new();
    for c in clients {
        fu.push(async move {
            loop {
                if let Ok(a) = c.publish("bids.a", vec![7u8; PAY].into()).await {
                    if a.await.is_ok() {
                        return t0.elapsed();
                    }
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
    }
    let r = tokio::time::timeout(Duration::from_secs(60), fu.next()).await;
    let tag = if mem { "nats-failover-memory" } else { "nats-failover-file" };
    report_failover(tag, r.ok().flatten());
}

/// publish with quorum ack AND deliver each committed message to `nb` bidders (ordered push consumers, one connection each)
async fn nats_fan(dir: &str, mem: bool, nb: usize, windows: &[usize], secs: f64, tag: &str) {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering::*};
    let p = nats_start(dir);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let js0 = nats_js(0).await;
    let leader = nats_stream(&js0, mem).await;
    let js = nats_js(leader).await;
    for _ in 0..500 {
        js.publish("bids.a", vec![7u8; PAY].into()).await.unwrap().await.unwrap();
    }
    let got = Arc::new(AtomicU64::new(0));
    let last = Arc::new(AtomicU64::new(0));
    for i in 0..nb {
        let c = async_nats::ConnectOptions::new()
            .ignore_discovered_servers()
            .connect(format!("nats://127.0.0.1:{}", 14220 + (leader + i) % 3))
            .await
            .unwrap();
        let j = async_nats::jetstream::new(c.clone());
        let st = j.get_stream("bids").await.unwrap();
        let cons = st
            .create_consumer(async_nats::jetstream::consumer::push::OrderedConfig {
                deliver_subject: c.new_inbox(),
                deliver_policy: async_nats::jetstream::consumer::DeliverPolicy::New,
                ..Default::default()
            })
            .await
            .unwrap();
        let mut m = cons.messages().await.unwrap();
        let (got, last) = (got.clone(), last.clone());
        tokio::spawn(async move {
            while let Some(Ok(x)) = m.next().await {
                got.fetch_add(1, Relaxed);
                if let Ok(i) = x.info() {
                    last.fetch_max(i.stream_sequence, Relaxed);
                }
            }
        });
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    for &w in windows {
        let mut lat = vec![];
        let c0 = p.cpu_s();
        let t0 = Instant::now();
        let g0 = got.load(Relaxed);
        let mut fu = FuturesUnordered::new();
        loop {
            let go = t0.elapsed().as_secs_f64() < secs;
            while go && fu.len() < w {
                let js = js.clone();
                fu.push(async move {
                    let t = Instant::now();
                    let ok = match js.publish("bids.a", vec![7u8; PAY].into()).await {
                        Ok(a) => a.await.is_ok(),
                        Err(_) => false,
                    };
                    (ok, t.elapsed().as_nanos() as u64)
                });
            }
            match fu.next().await {
                Some((true, l)) => lat.push(l),
                Some(_) => {}
                None => break,
            }
        }
        let n = lat.len() as u64;
        let acked = t0.elapsed().as_secs_f64();
        let lim = Instant::now() + Duration::from_secs(20);
        while got.load(Relaxed) - g0 < n * nb as u64 && Instant::now() < lim {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let all = t0.elapsed().as_secs_f64();
        let delivered = (got.load(Relaxed) - g0) as f64 / n as f64;
        eprintln!("note delivered_per_bid={delivered:.2} acked_s={acked:.2} all_delivered_s={all:.2}");
        report(tag, w, lat, all, p.cpu_s() - c0, delivered);
    }
}

// ---------- etcd
fn etcd_start(dir: &str, extra: &[&str]) -> Procs {
    let _ = std::fs::remove_dir_all(dir);
    std::fs::create_dir_all(dir).unwrap();
    let init = (0..3).map(|i| format!("e{i}=http://127.0.0.1:{}", 12390 + i)).collect::<Vec<_>>().join(",");
    Procs(
        (0..3)
            .map(|i| {
                let mut a: Vec<String> = vec![
                    "--name".into(),
                    format!("e{i}"),
                    "--data-dir".into(),
                    format!("{dir}/e{i}"),
                    "--listen-client-urls".into(),
                    format!("http://127.0.0.1:{}", 12370 + i),
                    "--advertise-client-urls".into(),
                    format!("http://127.0.0.1:{}", 12370 + i),
                    "--listen-peer-urls".into(),
                    format!("http://127.0.0.1:{}", 12390 + i),
                    "--initial-advertise-peer-urls".into(),
                    format!("http://127.0.0.1:{}", 12390 + i),
                    "--initial-cluster".into(),
                    init.clone(),
                    "--initial-cluster-state".into(),
                    "new".into(),
                    "--logger".into(),
                    "zap".into(),
                    "--log-level".into(),
                    "error".into(),
                ];
                a.extend(extra.iter().map(|s| s.to_string()));
                spawn(&format!("{}/usr/bin/etcd", root()), &a, &format!("{dir}/e{i}.log"))
            })
            .collect(),
    )
}
async fn etcd_client(i: usize) -> etcd_client::Client {
    for _ in 0..400 {
        if let Ok(mut c) = etcd_client::Client::connect([format!("http://127.0.0.1:{}", 12370 + i)], None).await {
            if let Ok(Ok(_)) = tokio::time::timeout(Duration::from_millis(500), c.put("w", "x", None)).await {
                return c;
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("etcd connect")
}
async fn etcd_leader() -> usize {
    for i in 0..3 {
        let mut c = etcd_client(i).await;
        let s = c.status().await.unwrap();
        if s.leader() == s.header().unwrap().member_id() {
            return i;
        }
    }
    panic!("no leader")
}
async fn etcd_bench(dir: &str, windows: &[usize], secs: f64, tag: &str) {
    let p = etcd_start(dir, &[]);
    let l = etcd_leader().await;
    let mut cs = vec![];
    for _ in 0..8 {
        cs.push(etcd_client(l).await);
    }
    for &w in windows {
        let mut lat = vec![];
        let c0 = p.cpu_s();
        let t0 = Instant::now();
        let mut fu = FuturesUnordered::new();
        let mut n = 0usize;
        loop {
            let go = t0.elapsed().as_secs_f64() < secs;
            while go && fu.len() < w {
                let mut c = cs[n % cs.len()].clone();
                n += 1;
                let k = format!("bids/{:08}", n % 100_000);
                fu.push(async move {
                    let t = Instant::now();
                    let ok = c.put(k, vec![7u8; PAY], None).await.is_ok();
                    (ok, t.elapsed().as_nanos() as u64)
                });
            }
            match fu.next().await {
                Some((true, l)) => lat.push(l),
                Some(_) => {}
                None => break,
            }
        }
        report(tag, w, lat, t0.elapsed().as_secs_f64(), p.cpu_s() - c0, 0.0);
    }
}
async fn etcd_failover(dir: &str, tag: &str, extra: &[&str]) {
    let mut p = etcd_start(dir, extra);
    let l = etcd_leader().await;
    let mut cs = vec![];
    for i in 0..3 {
        if i != l {
            cs.push(etcd_client(i).await);
        }
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    for c in &mut cs {
        c.put("w", "y", None).await.unwrap();
    }
    let t0 = Instant::now();
    p.kill9(l);
    let mut fu = FuturesUnordered::new();
    for mut c in cs {
        fu.push(async move {
            loop {
                if let Ok(Ok(_)) = tokio::time::timeout(Duration::from_millis(10), c.put("w", "z", None)).await {
                    return t0.elapsed();
                }
            }
        });
    }
    let r = tokio::time::timeout(Duration::from_secs(60), fu.next()).await;
    report_failover(&format!("etcd-failover-{tag}"), r.ok().flatten());
}

// ---------- redis
fn redis_start(dir: &str, aof: &str) -> Procs {
    let _ = std::fs::remove_dir_all(dir);
    Procs(
        (0..3)
            .map(|i| {
                std::fs::create_dir_all(format!("{dir}/r{i}")).unwrap();
                let mut a: Vec<String> = [
                    "--port",
                    &format!("{}", 16400 + i),
                    "--bind",
                    "127.0.0.1",
                    "--save",
                    "",
                    "--dir",
                    &format!("{dir}/r{i}"),
                    "--maxclients",
                    "2000",
                    "--repl-diskless-sync",
                    "yes",
                    "--repl-diskless-sync-delay",
                    "0",
                ]
                .iter()
                .map(|s| s.to_string())
                .collect();
                if aof != "no" {
                    a.extend(["--appendonly".into(), "yes".into(), "--appendfsync".into(), aof.into()]);
                }
                if i > 0 {
                    a.extend(["--replicaof".into(), "127.0.0.1 16400".into()]);
                }
                let c = spawn(&format!("{}/usr/bin/redis-server", root()), &a, &format!("{dir}/r{i}.log"));
                if i == 0 {
                    std::thread::sleep(Duration::from_millis(300));
                }
                c
            })
            .collect(),
    )
}
async fn redis_bench(dir: &str, aof: &str, windows: &[usize], secs: f64, tag: &str) {
    let p = redis_start(dir, aof);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let cl = redis::Client::open("redis://127.0.0.1:16400").unwrap();
    let mut c = cl.get_multiplexed_async_connection().await.unwrap();
    for _ in 0..50 {
        let n: i64 = redis::cmd("WAIT").arg(2).arg(500).query_async(&mut c).await.unwrap();
        if n == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        let _: String = redis::cmd("XADD").arg("x").arg("*").arg("d").arg("1").query_async(&mut c).await.unwrap();
    }
    for &w in windows {
        let mut hs = vec![];
        let c0 = p.cpu_s();
        let t0 = Instant::now();
        let end = t0 + Duration::from_secs_f64(secs);
        for _ in 0..w {
            let mut c = cl.get_multiplexed_async_connection().await.unwrap();
            hs.push(tokio::spawn(async move {
                let mut lat = vec![];
                let mut short = 0u64;
                while Instant::now() < end {
                    let t = Instant::now();
                    let (_id, n): (String, i64) = redis::pipe()
                        .cmd("XADD")
                        .arg("bids")
                        .arg("*")
                        .arg("d")
                        .arg(&[7u8; PAY][..])
                        .cmd("WAIT")
                        .arg(1)
                        .arg(0)
                        .query_async(&mut c)
                        .await
                        .unwrap();
                    if n < 1 {
                        short += 1
                    }
                    lat.push(t.elapsed().as_nanos() as u64);
                }
                (lat, short)
            }));
        }
        let mut lat = vec![];
        let mut short = 0;
        for h in hs {
            let (l, s) = h.await.unwrap();
            lat.extend(l);
            short += s;
        }
        if short > 0 {
            eprintln!("note: {short} ops with fewer than 1 replica");
        }
        report(tag, w, lat, t0.elapsed().as_secs_f64(), p.cpu_s() - c0, 0.0);
    }
}

const USAGE: &str = "usage: rivals nats|nats-mem|nats-fan8|etcd|etcd-shm|redis|redis-aof|nats-failover
       rivals etcd-failover TAG [FLAGS OF ETCD]
RIVALS_ROOT  where the packages are unpacked     RIVALS_DATA  where the servers keep their data
SECS         of each measurement (2)             WINDOWS      operations in flight, as 1,64,256";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let a: Vec<String> = std::env::args().collect();
    let secs: f64 = std::env::var("SECS").ok().and_then(|s| s.parse().ok()).unwrap_or(2.0);
    let windows = |usual: &[usize]| -> Vec<usize> {
        std::env::var("WINDOWS")
            .map_or(usual.to_vec(), |s| s.split(',').filter_map(|w| w.trim().parse().ok()).collect())
    };
    let (short, long) = (windows(&[1, 64, 256]), windows(&[1, 64, 256, 1024]));
    let disk =
        std::env::var("RIVALS_DATA").unwrap_or_else(|_| std::env::temp_dir().join("rivals").display().to_string());
    let shm = "/dev/shm/rivals";
    let (nats, etcd, redis) = (format!("{disk}/nats"), format!("{disk}/etcd"), format!("{disk}/redis"));
    match a.get(1).map_or("", String::as_str) {
        "nats" => nats_bench(&nats, false, &long, secs, "nats-file").await,
        "nats-mem" => nats_bench(&nats, true, &long, secs, "nats-memory").await,
        "nats-fan8" => nats_fan(&nats, true, 8, &short, secs, "nats-memory-8-subscribers").await,
        "etcd" => etcd_bench(&etcd, &long, secs, "etcd-disk").await,
        "etcd-shm" => etcd_bench(&format!("{shm}/etcd"), &long, secs, "etcd-tmpfs").await,
        "redis" => redis_bench(&redis, "no", &short, secs, "redis-wait1").await,
        "redis-aof" => redis_bench(&redis, "always", &short, secs, "redis-wait1-aof").await,
        "nats-failover" => nats_failover(&nats, false).await,
        "etcd-failover" if a.len() > 2 => {
            let x: Vec<&str> = a[3..].iter().map(|s| s.as_str()).collect();
            etcd_failover(&etcd, &a[2], &x).await
        }
        _ => {
            eprintln!("{USAGE}");
            std::process::exit(2);
        }
    }
}
