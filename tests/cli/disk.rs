//! Disks that fill, files that may not be read, and what is no file at all.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::{TRAIL, find, run, stderr, stdout};

const NOW: &str = "2026-02-01";

fn verify(evidence: &Path, more: &[&str]) -> Output {
    let evidence = evidence.to_str().expect("UTF-8");
    run(&[&["verify", evidence, "--public-keys", &TRAIL.keys(), "--now", NOW], more].concat())
}

/// Runs the binary where no file can grow beyond so many blocks, of which the shell says how large they are: 512 bytes
/// or 1,024. As on a full disk, writing fails.
fn run_on_a_small_disk(blocks: u32, arguments: &[&str]) -> Output {
    let script = format!("trap '' XFSZ && ulimit -f {blocks} && exec \"$0\" \"$@\"");
    Command::new("sh").args(["-c", &script, env!("CARGO_BIN_EXE_trailseal")]).args(arguments).output().expect("a shell")
}

/// Every ordinary file below a directory, by its path from there.
fn files(dir: &Path) -> Vec<PathBuf> {
    let (mut open, mut files) = (vec![dir.to_owned()], Vec::new());
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path)
            } else {
                files.push(path.strip_prefix(dir).expect("below it").to_owned())
            }
        }
    }
    files.sort();
    files
}

#[test]
fn a_disk_that_fills_while_a_report_is_written() {
    for (format, whole) in [("json", "\"verdict\": \"intact\""), ("csv", "log file,verified,")] {
        let dir = tempfile::tempdir().unwrap();
        let report = dir.path().join("report");
        let arguments = ["verify", &TRAIL.evidence(), "--public-keys", &TRAIL.keys(), "--now", NOW];
        let to_file = format!("{format}={}", report.display());
        let arguments = [&arguments[..], &["--report", &to_file]].concat();
        for before in [None, Some("an older report")] {
            before.iter().for_each(|text| fs::write(&report, text).unwrap());
            let output = run_on_a_small_disk(1, &arguments);
            assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
            let told = stderr(&output);
            assert!(told.contains("the report could not be written to") && told.contains("free space"), "{told}");
            assert_eq!(fs::read_to_string(&report).ok().as_deref(), before, "what was there stays");
            assert_eq!(files(dir.path()).len(), before.iter().len(), "and nothing else");
        }
        // The same on a larger disk.
        assert_eq!(run_on_a_small_disk(10_000, &arguments).status.code(), Some(0));
        assert!(fs::read_to_string(&report).unwrap().contains(whole), "{format}");
    }
}

#[test]
fn a_disk_that_fills_while_a_copy_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let (source, copy) = (TRAIL.evidence(), dir.path().join("copy"));
    let arguments = ["pull", &source, copy.to_str().unwrap(), "--public-keys", &TRAIL.keys()];
    let whole = |path: &Path| fs::read(copy.join(path)).ok() == fs::read(Path::new(&source).join(path)).ok();
    for blocks in [0, 1, 2, 3, 4, 6] {
        let output = run_on_a_small_disk(blocks, &arguments);
        assert_eq!(output.status.code(), Some(2), "{blocks} {}", stderr(&output));
        assert!(stderr(&output).contains("see to the disk and run the same pull again"), "{}", stderr(&output));
        let objects: Vec<PathBuf> = files(&copy).into_iter().filter(|path| path.starts_with("AWSLogs")).collect();
        assert!(objects.iter().all(|path| whole(path)), "{blocks} {objects:?}");
        // It is no evidence before it is whole; where not even that could be written down, there is nothing in it.
        let output = verify(&copy, &[]);
        let status = if blocks == 0 { 3 } else { 2 };
        assert_eq!(output.status.code(), Some(status), "{blocks} {}{}", stdout(&output), stderr(&output));
    }
    let output = run(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(verify(&copy, &[]).status.code(), Some(0));
}

#[test]
fn a_disk_that_fills_while_a_trail_is_simulated() {
    let dir = tempfile::tempdir().unwrap();
    let (evidence, keys) = (dir.path().join("evidence"), dir.path().join("keys.json"));
    let arguments = ["simulate", evidence.to_str().unwrap(), "--hours", "1", "--public-keys", keys.to_str().unwrap()];
    let arguments = [&arguments[..], &["--log-files-per-hour", "0", "--regions", "us-east-1"]].concat();
    let output = run_on_a_small_disk(1, &arguments);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(!keys.exists());
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_is_full() {
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    for format in ["text", "json", "ndjson", "ocsf", "asff", "junit", "oscal", "prometheus", "csv"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trailseal"));
        command.args(["verify", &TRAIL.evidence(), "--public-keys", &TRAIL.keys(), "--now", NOW, "--format", format]);
        let output = command.stdout(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{format}: {}", stderr(&output));
        assert!(stderr(&output).contains("No space left"), "{}", stderr(&output));
    }
}

/// A device is written to; nothing takes its place.
#[cfg(target_os = "linux")]
#[test]
fn a_report_for_a_device() {
    let is_a_device = |path| fs::metadata(path).unwrap().file_type().is_char_device();
    let output = verify(Path::new(&TRAIL.evidence()), &["--report", "json=/dev/full"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("the report could not be written to /dev/full"), "{}", stderr(&output));
    let output = verify(Path::new(&TRAIL.evidence()), &["--report", "json=/dev/null"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let output = verify(Path::new(&TRAIL.evidence()), &["--quiet", "--report", "json=/dev/stdout"]);
    assert!(stdout(&output).contains("\"schema\": \"trailseal.report/1\""), "{}", stdout(&output));
    assert!(
        is_a_device("/dev/full")
            && is_a_device("/dev/null")
            && fs::symlink_metadata("/dev/stdout").unwrap().is_symlink()
    );
}

/// A link to a report stays one, and the report that it leads to is written whole or not at all.
#[test]
fn a_report_by_way_of_a_link() {
    let dir = tempfile::tempdir().unwrap();
    let (link, report) = (dir.path().join("latest.json"), dir.path().join("report.json"));
    fs::write(&report, "an older report").unwrap();
    symlink("report.json", &link).unwrap();
    let output = verify(Path::new(&TRAIL.evidence()), &["--report", &format!("json={}", link.display())]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read_to_string(&report).unwrap().contains("trailseal.report/1"));
}

/// What is no ordinary file is not read, even where it would say what the file said: nobody can say what it will say next.
#[test]
fn objects_replaced_by_what_is_no_file() {
    for object in ["_CloudTrail_", "T034210Z.json.gz"] {
        for kind in ["link", "dangling link", "device", "pipe", "socket", "folder"] {
            let (dir, evidence) = TRAIL.copy();
            let path = find(&evidence, object);
            fs::rename(&path, dir.path().join("elsewhere")).unwrap();
            let _socket = match kind {
                "link" => symlink(dir.path().join("elsewhere"), &path).map(|()| None),
                "dangling link" => symlink("nowhere", &path).map(|()| None),
                "device" => symlink("/dev/zero", &path).map(|()| None),
                "pipe" => Command::new("mkfifo").arg(&path).status().map(|_| None),
                "socket" => {
                    // The path of a socket must be short.
                    let bound = std::os::unix::net::UnixListener::bind(dir.path().join("s")).unwrap();
                    fs::rename(dir.path().join("s"), &path).map(|()| Some(bound))
                }
                _ => fs::create_dir(&path).map(|()| None),
            }
            .unwrap();
            let output = verify(&evidence, &["--format", "json"]);
            let text = stdout(&output);
            assert_eq!(output.status.code(), Some(3), "{object} {kind}: {text}{}", stderr(&output));
            assert!(text.contains(path.file_name().unwrap().to_str().unwrap()), "{object} {kind}: {text}");
        }
    }
}

/// Root may read everything, so there the program runs as nobody.
#[test]
fn objects_and_folders_that_may_not_be_read() {
    let (dir, evidence) = TRAIL.copy();
    let binary = dir.path().join("trailseal");
    let keys = dir.path().join("keys.json");
    fs::copy(TRAIL.keys(), &keys).unwrap();
    let is_root = fs::metadata(&evidence).unwrap().uid() == 0;
    let mut command = Command::new(env!("CARGO_BIN_EXE_trailseal"));
    if is_root {
        fs::copy(env!("CARGO_BIN_EXE_trailseal"), &binary).unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&binary);
    }
    command.args(["verify", evidence.to_str().unwrap(), "--now", NOW, "--format", "json"]);
    command.args(["--public-keys", keys.to_str().unwrap()]);
    let mut verify = || {
        let output = command.output().expect("setpriv, of util-linux, where this runs as root");
        (output.status.code(), stdout(&output), stderr(&output))
    };
    assert_eq!(verify().0, Some(0), "{}", verify().2);
    let day = find(&evidence, "_CloudTrail_").parent().unwrap().to_owned();
    for path in [find(&evidence, "_CloudTrail_"), find(&evidence, "T034210Z.json.gz"), day] {
        let mode = fs::metadata(&path).unwrap().permissions();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
        let (status, text, told) = verify();
        fs::set_permissions(&path, mode).unwrap();
        assert_eq!(status, Some(3), "{} {text}{told}", path.display());
        assert!(text.contains("\"denied\"") && text.contains(path.file_name().unwrap().to_str().unwrap()), "{text}");
    }
}
