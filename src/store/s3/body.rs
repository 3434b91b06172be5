//! A body as it arrives, and nothing less than all of it.

use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use crate::aws::{Turn, without_secrets};
use crate::store::StoreError;

/// The pieces of a body. Each must come within `patience`; one that ends short of `size`, goes on beyond it, stalls or
/// breaks off ends in an error. The request is under way until the last piece is taken.
pub(super) fn whole(
    body: ByteStream,
    size: u64,
    patience: Duration,
    turn: Turn,
) -> BoxStream<'static, Result<Bytes, StoreError>> {
    let reading = Some(Reading { body, turn, came: 0 });
    let next = move |reading: Option<Reading>| async move {
        let mut reading = reading?;
        let broke_off = |why: String| Some((Err(StoreError::BrokeOff(why)), None));
        match tokio::time::timeout(patience, reading.body.next()).await {
            Err(_) => broke_off(format!("nothing more came for {} s", patience.as_secs())),
            Ok(Some(Ok(piece))) => {
                reading.came += piece.len() as u64;
                if reading.came > size {
                    return broke_off("more came than was announced".to_owned());
                }
                Some((Ok(piece), Some(reading)))
            }
            Ok(Some(Err(error))) => broke_off(without_secrets(&error.to_string())),
            Ok(None) if reading.came < size => broke_off(format!("it ended after {} bytes", reading.came)),
            Ok(None) => None,
        }
    };
    stream::unfold(reading, next).boxed()
}

struct Reading {
    body: ByteStream,
    #[expect(dead_code, reason = "held until the body is read")]
    turn: Turn,
    came: u64,
}
