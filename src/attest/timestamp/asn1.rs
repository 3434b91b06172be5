//! As much of DER as a time-stamp takes: what stands in what. `der` reads each value, and only the one encoding that DER
//! allows; nothing here recurses.

use der::asn1::ObjectIdentifier;
use der::{AnyRef, Class, Decode, Encode, Reader, SliceReader, Tag, Tagged};

use crate::limits::DER_ELEMENTS;

use super::TimestampError;

/// The values in a constructed value, one after the other.
pub(super) struct Fields<'a> {
    of: &'static str,
    fields: std::vec::IntoIter<AnyRef<'a>>,
}

impl<'a> Fields<'a> {
    /// Of a `SEQUENCE`.
    pub(super) fn of(of: &'static str, value: AnyRef<'a>) -> Result<Fields<'a>, TimestampError> {
        if value.tag() != Tag::Sequence {
            return Err(TimestampError::Malformed(of));
        }
        Fields::within(of, value)
    }

    /// Of anything constructed: a `SET`, or an implicitly tagged one of either.
    pub(super) fn within(of: &'static str, value: AnyRef<'a>) -> Result<Fields<'a>, TimestampError> {
        let wrong = || TimestampError::Malformed(of);
        if !value.tag().is_constructed() {
            return Err(wrong());
        }
        let mut reader = SliceReader::new(value.value()).map_err(|_| wrong())?;
        let mut fields = Vec::new();
        while !reader.is_finished() {
            if fields.len() == DER_ELEMENTS {
                return Err(wrong());
            }
            fields.push(AnyRef::decode(&mut reader).map_err(|_| wrong())?);
        }
        Ok(Fields { of, fields: fields.into_iter() })
    }

    pub(super) fn wrong(&self) -> TimestampError {
        TimestampError::Malformed(self.of)
    }

    /// The next one, whatever it is.
    pub(super) fn next(&mut self) -> Result<AnyRef<'a>, TimestampError> {
        self.fields.next().ok_or(TimestampError::Malformed(self.of))
    }

    /// The next one, which must be of that kind.
    pub(super) fn expect(&mut self, tag: Tag) -> Result<AnyRef<'a>, TimestampError> {
        self.optional(tag).ok_or(TimestampError::Malformed(self.of))
    }

    /// The next one, if it is of that kind.
    pub(super) fn optional(&mut self, tag: Tag) -> Option<AnyRef<'a>> {
        if self.fields.as_slice().first()?.tag() == tag { self.fields.next() } else { None }
    }

    /// The next one, if it is tagged `[number]` and constructed.
    pub(super) fn tagged(&mut self, number: u8) -> Option<AnyRef<'a>> {
        let next = self.fields.as_slice().first()?.tag();
        if is_tagged(next, number) && next.is_constructed() { self.fields.next() } else { None }
    }

    pub(super) fn oid(&mut self) -> Result<ObjectIdentifier, TimestampError> {
        let wrong = self.wrong();
        self.expect(Tag::ObjectIdentifier)?.decode_as().map_err(|_| wrong)
    }

    /// The one that is left.
    pub(super) fn only(mut self) -> Result<AnyRef<'a>, TimestampError> {
        let one = self.next()?;
        self.end()?;
        Ok(one)
    }

    /// That nothing is left.
    pub(super) fn end(mut self) -> Result<(), TimestampError> {
        self.fields.next().map_or(Ok(()), |_| Err(TimestampError::Malformed(self.of)))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = AnyRef<'a>;

    fn next(&mut self) -> Option<AnyRef<'a>> {
        self.fields.next()
    }
}

/// Whether a tag is `[number]`.
pub(super) fn is_tagged(tag: Tag, number: u8) -> bool {
    tag.class() == Class::ContextSpecific && tag.number().value() == u32::from(number)
}

/// All of some bytes as one value.
pub(super) fn whole<'a>(of: &'static str, der: &'a [u8]) -> Result<AnyRef<'a>, TimestampError> {
    AnyRef::from_der(der).map_err(|_| TimestampError::Malformed(of))
}

/// A value with its tag and length, as it stood there.
pub(super) fn bytes(of: &'static str, value: AnyRef<'_>) -> Result<Vec<u8>, TimestampError> {
    value.to_der().map_err(|_| TimestampError::Malformed(of))
}

/// Some content under another tag.
pub(super) fn wrap(tag: Tag, content: &[u8]) -> Result<Vec<u8>, TimestampError> {
    let wrapped = AnyRef::new(tag, content).and_then(|value| value.to_der());
    wrapped.map_err(|_| TimestampError::Malformed("structure"))
}

/// An integer without the zeros before it.
pub(super) fn trimmed(integer: &[u8]) -> &[u8] {
    let zeros = integer.iter().take_while(|byte| **byte == 0).count();
    &integer[zeros..]
}
