//! Bundles made of a bucket: what S3 tells of each object is in them, and they verify as the bucket does.

use trailseal::finding::Code;
use trailseal::report::{Report, Verdict};

use crate::same_as_a_copy::{LIES, same, varied};
use crate::world::World;

/// Makes a bundle of the world's bucket, and verifies it without AWS.
fn bundled(world: &World, name: &str, verdict: Verdict) -> (Report, Report) {
    let out = world.scratch.path().join(name);
    let out = out.to_str().unwrap();
    let (source, times) = (world.source(), world.times());
    let mut arguments = vec!["bundle", &source, out, "--format", "json"];
    arguments.extend(times.iter().map(String::as_str));
    let made = world.run(&arguments);
    assert_eq!(made.status, Some(verdict.exit_status().into()), "{}", made.stderr);
    let (_, keys) = world.on_disk();
    let verified = world.run(&["verify", out, "--format", "json", "--public-keys", keys.to_str().unwrap()]);
    let mut verified = verified.report();
    // What was asked is the bundle's own word, and that is told.
    let told = verified.findings.len();
    verified.findings.retain(|finding| finding.code != Code::EndFromEvidence);
    assert_eq!(verified.findings.len() + 1, told);
    (made.report(), verified)
}

#[test]
fn a_bundle_of_a_bucket_verifies_as_the_bucket_does() {
    let world = World::of(varied());
    let asked = world.verify(&[]).report();
    let (made, verified) = bundled(&world, "honest.zip", asked.verdict);
    same(&made, &asked);
    same(&verified, &asked);
    assert!(verified.checks.performed.iter().any(|check| check == "the report in the bundle against its evidence"));
}

#[test]
fn a_bundle_of_a_bucket_that_lies_says_what_the_bucket_says() {
    for (at, (name, verdict, lie)) in LIES.into_iter().enumerate() {
        let mut world = World::of(trailseal::simulate::Scenario { restarts: 0, late_log_files: 0, ..varied() });
        world.lie(lie);
        let (made, verified) = bundled(&world, &format!("{at}.zip"), verdict);
        assert_eq!(made.verdict, verdict, "{name}");
        same(&verified, &made);
    }
}

#[test]
fn what_s3_tells_of_an_object_is_in_the_manifest() {
    let world = World::small();
    bundled(&world, "small.zip", Verdict::Intact);
    let zip = std::fs::read(world.scratch.path().join("small.zip")).unwrap();
    let archive = rawzip::ZipArchive::from_slice(&zip).unwrap();
    let mut entries = archive.entries();
    let mut files = std::collections::BTreeMap::new();
    while let Some(entry) = entries.next_entry().unwrap() {
        let name = String::from_utf8(entry.file_path().as_ref().to_vec()).unwrap();
        files.insert(name, archive.get_entry(entry.wayfinder()).unwrap().data());
    }
    let manifest: serde_json::Value = serde_json::from_slice(files["manifest.json"]).unwrap();
    let inputs: Vec<&serde_json::Value> =
        manifest["files"].as_array().unwrap().iter().filter(|file| file["input"].is_object()).collect();
    assert_eq!(inputs.len(), world.logs().len() + world.digests().len());
    for file in inputs {
        let input = &file["input"];
        assert_eq!(input["bucket"], world.scenario.bucket.as_str());
        assert!(input["etag"].is_string() && input["last_modified"].is_string(), "{input}");
        assert!(file["name"].as_str().unwrap().ends_with(input["key"].as_str().unwrap()));
    }
    // Who asked AWS, and which keys it gave.
    let made: serde_json::Value = serde_json::from_slice(files["made.json"]).unwrap();
    assert!(made["caller"].as_str().unwrap().starts_with("arn:aws:"), "{made}");
    let keys = String::from_utf8_lossy(files["public-keys/public-keys.json"]).into_owned();
    assert!(keys.contains("\"Ranges\""), "for which time AWS was asked is told: {keys}");
}
