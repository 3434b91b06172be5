//! `HOW-TO-CHECK.md`: its own commands, run as they stand.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{bundle_of_the_trail, zip};

/// What each block of commands of the page prints, in order: they are run in one shell, as a reader would.
fn run_the_page(folder: &Path, page: &str) -> Vec<String> {
    let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let script: String = blocks.map(|block| format!("{block}echo {END}\n")).collect();
    let output = Command::new("sh").arg("-uc").arg(script).current_dir(folder).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut blocks: Vec<String> = printed.split(&format!("{END}\n")).map(str::to_owned).collect();
    assert_eq!(blocks.pop().as_deref(), Some(""), "{}", String::from_utf8_lossy(&output.stderr));
    blocks
}

const END: &str = "-- the end of a block --";

/// The hash at the start of a line.
fn hash(line: &str) -> &str {
    line.split_whitespace().next().unwrap()
}

#[test]
fn the_commands_of_the_page_check_a_log_file_and_see_one_that_was_altered() {
    let dir = tempfile::tempdir().unwrap();
    let bundle = bundle_of_the_trail(dir.path(), "one.zip", &[]);
    let folder = dir.path().join("unpacked");
    unpack(&bundle, &folder);
    let page = fs::read_to_string(folder.join("HOW-TO-CHECK.md")).unwrap();
    let printed = run_the_page(&folder, &page);
    let [_, names, log, digest, verified, key, before, all, unsigned] = printed.as_slice() else {
        panic!("{} blocks", printed.len())
    };
    assert_eq!(names.lines().count(), 4, "{names}");
    let (computed, recorded) = log.split_once('\n').unwrap();
    assert_eq!(recorded.trim(), format!("\"hashValue\":\"{}\"", hash(computed)));
    let lines: Vec<&str> = digest.lines().collect();
    assert_eq!((lines.len(), lines[3]), (5, hash(lines[0])), "{digest}");
    assert_eq!(verified.trim(), "Verified OK");
    let files = zip::read(&bundle).len() - 2;
    assert_eq!(*all, format!("{files}\n{files}\nas the manifest says\n"));
    assert!(!unsigned.contains("Success"), "{unsigned}");
    let [asks, value, other_form] = key.lines().collect::<Vec<_>>()[..] else { panic!("{key}") };
    assert!(asks.starts_with("aws cloudtrail list-public-keys --region ") && asks.contains(lines[1]), "{asks}");
    let fingerprint = asks.split('\'').nth(1).unwrap();
    let listed: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("public-keys/public-keys.json")).unwrap()).unwrap();
    let of_it =
        listed["PublicKeyList"].as_array().unwrap().iter().find(|key| key["Fingerprint"] == fingerprint).unwrap();
    assert_eq!(of_it["Value"], value.trim(), "as AWS lists it");
    use base64::prelude::{BASE64_STANDARD, Engine};
    let (der, spki) = (BASE64_STANDARD.decode(value).unwrap(), BASE64_STANDARD.decode(other_form).unwrap());
    assert!(spki.ends_with(&der) && spki.len() > der.len(), "the same key");
    let (previous, named) = before.split_once('\n').unwrap();
    assert_eq!(named.trim(), format!("\"previousDigestHashValue\":\"{}\"", hash(previous)));

    // Another log file, of another region, by its path alone.
    let name = page.split("LOG='").nth(1).unwrap().split('\'').next().unwrap();
    let objects = zip::read(&bundle);
    let region = |name: &str| name.split("/CloudTrail/").nth(1).map(|rest| rest.split('/').next().unwrap().to_owned());
    let other = objects.iter().find(|(other, _)| region(other).is_some_and(|of| Some(of) != region(name))).unwrap();
    let printed = run_the_page(&folder, &page.replacen(name, other.0, 1));
    assert_eq!(printed[1].lines().count(), 4, "{}", printed[1]);
    assert!(printed[2].split_once('\n').is_some_and(|(computed, recorded)| recorded.contains(hash(computed))));
    assert_eq!(printed[4].trim(), "Verified OK");

    // With another log file in its place, the first two no longer agree.
    fs::write(folder.join(name), other.1).unwrap();
    let printed = run_the_page(&folder, &page);
    assert!(printed[2].split_once('\n').is_some_and(|(computed, recorded)| !recorded.contains(hash(computed))));
}

#[test]
fn the_commands_of_the_page_check_who_signed() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("unpacked");
    for (name, algorithm, option) in [
        ("ed25519", &["-algorithm", "ed25519"][..], ""),
        ("p256", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "-digest sha256 "),
        ("p384", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], "-digest sha384 "),
        (
            "rsa",
            &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
            "-digest sha256 -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:32 ",
        ),
    ] {
        let (key, public) = (dir.path().join(format!("{name}.pem")), dir.path().join(format!("{name}.pub")));
        let (key, public) = (key.to_str().unwrap(), public.to_str().unwrap());
        openssl(&[&["genpkey", "-out", key], algorithm].concat());
        openssl(&["pkey", "-in", key, "-pubout", "-out", public]);
        let bundle = bundle_of_the_trail(dir.path(), &format!("{name}.zip"), &["--sign", key]);
        let _ = fs::remove_dir_all(&folder);
        unpack(&bundle, &folder);
        let page = fs::read_to_string(folder.join("HOW-TO-CHECK.md")).unwrap();
        assert!(page.contains(option.trim()), "{option}");
        let page = page.replacen("SIGNER=signer.pub", &format!("SIGNER={public}"), 1);
        let page = page.replacen("-rawin -in", &format!("-rawin {option}-in"), 1);
        let printed = run_the_page(&folder, &page);
        assert_eq!(printed.last().unwrap(), "Signature Verified Successfully\n1\n1\n", "{name}");
        fs::write(folder.join("made.json"), "{}").unwrap();
        let printed = run_the_page(&folder, &page);
        assert_eq!(printed.last().unwrap(), "Signature Verified Successfully\n1\n0\n", "{name}");
    }
}

fn openssl(arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn unpack(bundle: &Path, folder: &Path) {
    for (name, bytes) in zip::read(bundle) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}
