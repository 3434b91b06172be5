//! JSON that means one thing: no name twice, no deep nests, no more bytes than are allowed.

use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::limits::JSON_DEPTH;

/// Why bytes are no JSON that is taken.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// More bytes than are looked at.
    #[error("it has {0} bytes, more than the {1} that are looked at")]
    TooLong(usize, usize),
    /// Not JSON, or JSON that two readers can understand differently.
    #[error("it is no JSON that means one thing: {0}")]
    Malformed(#[from] serde_json::Error),
}

/// Reads a value. A name that occurs twice in an object is refused: another reader might take the other of the two.
pub(super) fn parse(bytes: &[u8], most: usize) -> Result<Value, JsonError> {
    if bytes.len() > most {
        return Err(JsonError::TooLong(bytes.len(), most));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: 0 }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// Whether a value is one that would be read again.
pub(super) fn is_shallow(value: &Value, depth: usize) -> bool {
    depth <= JSON_DEPTH
        && match value {
            Value::Array(items) => items.iter().all(|item| is_shallow(item, depth + 1)),
            Value::Object(members) => members.values().all(|member| is_shallow(member, depth + 1)),
            _ => true,
        }
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: Error>(self) -> Result<Strict, E> {
        if self.depth == JSON_DEPTH {
            return Err(E::custom(format_args!("it is nested deeper than {JSON_DEPTH}")));
        }
        Ok(Strict { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(inner)?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a name occurs twice in one object"));
            }
        }
        Ok(Value::Object(object))
    }
}
