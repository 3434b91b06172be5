//! What it takes to check a digest file with `openssl` alone: what AWS signed, and the signature, each as a file; and the
//! page that says how, with names that are in this very bundle.

use std::collections::BTreeSet;
use std::io;

use super::packer::Packer;
use super::recording::Seen;
use crate::digest::{DigestClaims, DigestMetadata, FetchedDigest, data_signing_string};
use crate::limits::Limits;
use crate::store::dir::ObjectRecord;
use crate::trail::ObjectLocation;

/// What was seen so far.
#[derive(Default)]
pub(super) struct ByHand {
    /// Digest files without a signature of their own: the next one has it.
    unsigned: BTreeSet<String>,
    /// Digest files that could be an example, each with a log file that it lists.
    candidates: Vec<Example>,
    example: Option<Example>,
}

#[derive(Clone)]
struct Example {
    digest: String,
    by_hand: String,
    log: String,
    log_key: String,
    fingerprint: String,
    previous: Option<String>,
}

impl ByHand {
    /// Adds what it takes to check a digest file by hand.
    pub(super) fn digest(
        &mut self,
        seen: &Seen,
        folder: &str,
        file: &str,
        record: &ObjectRecord,
        body: Vec<u8>,
        packer: &mut Packer,
    ) -> io::Result<()> {
        let at = ObjectLocation::new(seen.bucket.clone().unwrap_or_default(), &record.key);
        let metadata = DigestMetadata::from_user_metadata(|name| record.metadata.get(name).map(String::as_str));
        let digest = FetchedDigest { at, body: body.into(), framing: seen.framing, metadata };
        // What cannot be read is in the bundle as it is, and the report says what is wrong with it.
        let Ok(parsed) = digest.parse(&Limits::default()) else { return Ok(()) };
        let claims = parsed.claims();
        let by_hand = format!("by-hand/{}", file.trim_start_matches("evidence/"));
        let signed = data_signing_string(claims, parsed.sha256());
        packer.add(&format!("{by_hand}.signing-string"), &mut |out| out.write_all(signed.as_bytes()))?;
        match parsed.metadata().signature.as_deref() {
            Some(signature) => add_signature(packer, &by_hand, signature)?,
            None => drop(self.unsigned.insert(by_hand.clone())),
        }
        if let Some(previous) = &claims.previous {
            let before = format!("by-hand/{folder}/{}", previous.at.key);
            if self.unsigned.remove(&before) {
                add_signature(packer, &before, &previous.signature)?;
            }
        }
        self.consider(folder, file, by_hand, claims);
        Ok(())
    }

    fn consider(&mut self, folder: &str, digest: &str, by_hand: String, claims: &DigestClaims) {
        if let Some(log) = claims.log_files.first().filter(|_| self.candidates.len() < CANDIDATES) {
            self.candidates.push(Example {
                digest: digest.to_owned(),
                by_hand,
                log: super::file_of(folder, &log.at.key),
                log_key: log.at.key.clone(),
                fingerprint: claims.fingerprint.clone(),
                previous: claims.previous.as_ref().map(|previous| super::file_of(folder, &previous.at.key)),
            });
        }
    }

    /// A log file is in the bundle.
    pub(super) fn log(&mut self, file: &str) {
        // One that also shows how digest files are linked is the better example.
        if self.example.as_ref().is_none_or(|example| example.previous.is_none()) {
            let better = |candidate: &&Example| {
                candidate.log == file && (candidate.previous.is_some() || self.example.is_none())
            };
            self.example = self.candidates.iter().find(better).cloned().or(self.example.take());
        }
    }

    /// The page that says how to check the bundle.
    pub(super) fn how_to_check(&self) -> String {
        include_str!("how-to-check.md")
            .replace("{example}\n", &self.example.as_ref().map_or_else(no_example, Example::steps))
    }
}

fn no_example() -> String {
    "## By hand\n\nThis bundle holds no log file that a digest file in it lists, so there is none to check by hand.\n\n"
        .to_owned()
}

impl Example {
    fn steps(&self) -> String {
        let Example { digest, by_hand, log, log_key, fingerprint, previous } = self;
        let (digest, log, name) = (quoted(digest), quoted(log), quoted(log_key.rsplit('/').next().unwrap_or_default()));
        let key = quoted(&format!("public-keys/{fingerprint}.pem"));
        let (string, signature) =
            (quoted(&format!("{by_hand}.signing-string")), quoted(&format!("{by_hand}.signature")));
        let before = previous.as_ref().map_or_else(String::new, |previous| {
            format!(
                "\n## 5. The digest file before it\n\nEach digest file names the one before it with its hash, which makes it a chain. Both commands print the\nsame hash (if the file is in this bundle):\n\n```sh\ngzip -cdf {} | sha256sum\ngzip -cdf {digest} | tr '{{,' '\\n\\n' | grep previousDigestHashValue\n```\n",
                quoted(previous)
            )
        });
        format!(
            r#"## 1. The log file

Its hash, as it is now:

```sh
gzip -cdf {log} | sha256sum
```

The hash that CloudTrail recorded for it (`hashValue`), which must be the same:

```sh
gzip -cdf {digest} | tr '{{' '\n' | grep {name}
```

## 2. The public key

The digest file names the key that signed it by its fingerprint, the MD5 of its DER. This prints `{fingerprint}`:

```sh
openssl rsa -pubin -in {key} -RSAPublicKey_out -outform DER | openssl md5
```

That the key is AWS's own, only AWS can tell. With any AWS account, `aws cloudtrail list-public-keys --start-time T
--end-time T` in the region that the digest file is of lists the keys of that time; the fingerprint and the value must be
there. A key that is only in this bundle proves that nothing in it was altered since it was signed, and not by whom.

## 3. What was signed

Four lines: the time, the place and the hash of the digest file, and the signature of the digest file before it.

```sh
cat {string}
```

The third line is the hash of the digest file, which this prints again:

```sh
gzip -cdf {digest} | sha256sum
```

## 4. The signature

This prints `Verified OK`:

```sh
openssl dgst -sha256 -verify {key} -signature {signature} {string}
```
{before}
## Another log file

`zgrep -l NAME` over the digest files, the ones in folders called `CloudTrail-Digest`, prints the one that lists a log
file; then go through the steps with these two names. Digest files list the log files of the hour before their own time.

"#
        )
    }
}

fn add_signature(packer: &mut Packer, by_hand: &str, signature: &str) -> io::Result<()> {
    match hex::decode(signature) {
        Ok(bytes) => packer.add(&format!("{by_hand}.signature"), &mut |out| out.write_all(&bytes)).map(drop),
        Err(_) => Ok(()),
    }
}

/// As the shell takes it for one word, whatever it is.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Digest files whose first log file is looked for.
const CANDIDATES: usize = 100;
