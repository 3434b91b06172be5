use super::*;

fn put(writer: &DirWriter, key: &str, bytes: &str) -> Result<String, WriteError> {
    let mut partial = writer.begin()?;
    partial.write(bytes.as_bytes())?;
    let sha256 = partial.sha256();
    writer.put(partial, key).map(|()| sha256)
}

fn no_place(result: Result<String, WriteError>) -> Option<NoPlace> {
    match result {
        Err(WriteError::NoPlace(why)) => Some(why),
        _ => None,
    }
}

#[test]
fn objects_are_put_whole_and_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let writer = DirWriter::open(&dir.path().join("new/copy")).unwrap();
    let unfinished = writer.begin().unwrap();
    let sha256 = put(&writer, "a/b", "one").unwrap();
    let record = ObjectRecord { key: "a/b".into(), size: Some(3), sha256: Some(sha256), ..ObjectRecord::default() };
    assert!(writer.holds(&record));
    assert!(!writer.holds(&ObjectRecord { size: Some(4), ..record.clone() }));
    assert!(!writer.holds(&ObjectRecord { key: "a/c".into(), ..record.clone() }));
    put(&writer, "a/b", "two").unwrap();
    assert!(!writer.holds(&record), "the same size, and not the same bytes");
    let mut text = String::new();
    writer.read("a/b").unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "two");
    drop(unfinished);
    let left: Vec<_> = fs::read_dir(dir.path().join("new/copy/.trailseal/partial")).unwrap().collect();
    assert!(left.is_empty());
}

#[test]
fn names_that_collide_or_lead_out_have_no_place() {
    let dir = tempfile::tempdir().unwrap();
    let writer = DirWriter::open(&dir.path().join("copy")).unwrap();
    put(&writer, "file", "x").unwrap();
    put(&writer, "folder/x", "x").unwrap();
    assert_eq!(no_place(put(&writer, "file/x", "x")), Some(NoPlace::Taken));
    assert_eq!(no_place(put(&writer, "folder", "x")), Some(NoPlace::Taken));
    for key in ["", "..", "../x", "/x", "a//b", "a/", "a\0", ".trailseal/x"] {
        assert_eq!(no_place(put(&writer, key, "x")), Some(NoPlace::Key), "{key:?}");
        assert!(writer.read(key).is_none() && writer.move_aside(key).is_err(), "{key:?}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

/// As a file system that ignores case shows it: something answers to a name that is not listed.
#[test]
fn only_the_very_name_is_that_of_an_object() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("Name"), "x").unwrap();
    assert!(is_named_exactly(&dir.path().join("Name")).unwrap());
    assert!(!is_named_exactly(&dir.path().join("name")).unwrap());
}

#[cfg(unix)]
#[test]
fn links_are_replaced_or_in_the_way_and_never_followed() {
    use std::os::unix::fs::symlink;
    let dir = tempfile::tempdir().unwrap();
    let outside = dir.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("file"), "secret").unwrap();
    let root = dir.path().join("copy");
    let writer = DirWriter::open(&root).unwrap();
    symlink(&outside, root.join("folder")).unwrap();
    symlink(outside.join("file"), root.join("link")).unwrap();
    assert_eq!(no_place(put(&writer, "folder/file", "x")), Some(NoPlace::Link));
    assert!(writer.read("folder/file").is_none() && writer.read("link").is_none());
    put(&writer, "link", "x").unwrap();
    assert!(root.join("link").symlink_metadata().unwrap().is_file());
    symlink(outside.join("file"), root.join("other")).unwrap();
    assert!(writer.move_aside("other").unwrap());
    assert!(root.join(".trailseal/removed/other").symlink_metadata().unwrap().is_symlink());
    assert_eq!(fs::read_to_string(outside.join("file")).unwrap(), "secret");
}

#[test]
fn what_was_moved_aside_is_not_moved_aside_again() {
    let dir = tempfile::tempdir().unwrap();
    let writer = DirWriter::open(dir.path()).unwrap();
    for (key, bytes) in [("a", "first"), ("a", "second"), ("a/b", "third")] {
        put(&writer, key, bytes).unwrap();
        assert!(writer.move_aside(key).unwrap());
    }
    assert!(!writer.move_aside("absent").unwrap());
    let read = |path: &str| fs::read_to_string(dir.path().join(".trailseal").join(path)).unwrap();
    assert_eq!([read("removed/a"), read("removed.1/a"), read("removed.2/a/b")], ["first", "second", "third"]);
}

#[test]
fn records_are_sorted_and_a_line_cut_off_goes() {
    let dir = tempfile::tempdir().unwrap();
    let record = |key: &str| ObjectRecord { key: key.into(), ..ObjectRecord::default() };
    let writer = DirWriter::open(dir.path()).unwrap();
    ["b", "a"].iter().for_each(|key| writer.record(&record(key)).unwrap());
    drop(writer);
    let path = dir.path().join(".trailseal/metadata.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{whole}{{\"key\":\"c\"")).unwrap();
    let writer = DirWriter::open(dir.path()).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), whole);
    writer.record(&record("d")).unwrap();
    writer.record(&ObjectRecord { withdrawn: true, ..record("b") }).unwrap();
    assert_eq!(writer.sort_records().unwrap(), 0);
    let keys: Vec<String> = fs::read_to_string(&path)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<ObjectRecord>(line).unwrap().key)
        .collect();
    assert_eq!(keys, ["a", "d"]);
    assert!(!dir.path().join(".trailseal/not-copied.jsonl").exists());
    writer.close().unwrap();
    assert_eq!(fs::read_dir(dir.path().join(".trailseal")).unwrap().count(), 1);
    fs::write(&path, vec![b'x'; 1 << 17]).unwrap();
    assert!(DirWriter::open(dir.path()).is_err(), "a line without an end is damage");
}

#[test]
fn two_copies_into_one_directory_do_not_mix() {
    let dir = tempfile::tempdir().unwrap();
    let first = DirWriter::open(dir.path()).unwrap();
    let second = DirWriter::open(dir.path()).map(drop).unwrap_err();
    assert!(second.to_string().contains("another pull"), "{second}");
    drop(first);
    assert!(DirWriter::open(dir.path()).is_ok());
}
