//! Replies as they cross between the parts of the service: the JSON of a `Result` in serde's format.
//!
//! A reply can be long and is mostly stored JSON, so neither side parses and serializes it again.

use serde::de::{DeserializeOwned, IgnoredAny};

use crate::error::{Error, Result};

/// How a body begins that has a reply and not an error.
const REPLY_START: &str = r#"{"Ok":"#;

/// The body for a reply, which is JSON, or for an error.
///
/// # Errors
///
/// `Internal` if the error cannot be serialized.
pub fn to_body(reply: Result<String>) -> Result<String> {
    match reply {
        Ok(reply) => Ok(format!("{REPLY_START}{reply}}}")),
        Err(error) => serde_json::to_string(&Err::<(), _>(error)).map_err(Error::internal),
    }
}

/// The reply in a body.
///
/// # Errors
///
/// The error in the body; `Internal` if it has neither.
pub fn from_body<R: DeserializeOwned>(body: &[u8]) -> Result<R> {
    serde_json::from_slice(json(body)?).map_err(|error| malformed(body, &error))
}

/// The JSON of the reply in a body. Not a part of [`from_body`], of which every type of reply has its own copy.
fn json(body: &[u8]) -> Result<&[u8]> {
    if let Some(reply) = body.strip_prefix(REPLY_START.as_bytes()).and_then(|rest| rest.strip_suffix(b"}")) {
        return Ok(reply);
    }
    match serde_json::from_slice::<Result<IgnoredAny>>(body) {
        Ok(Err(error)) => Err(error),
        Ok(Ok(_)) => {
            Err(Error::internal(format!("unexpected body of a reply: {:.200}", String::from_utf8_lossy(body))))
        }
        Err(error) => Err(malformed(body, &error)),
    }
}

fn malformed(body: &[u8], error: &serde_json::Error) -> Error {
    Error::internal(format!("{error} in {:.200}", String::from_utf8_lossy(body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_and_an_error_cross() {
        let body = to_body(Ok("[1,2]".into())).unwrap();
        assert_eq!(serde_json::from_str::<Result<Vec<u8>>>(&body).unwrap().unwrap(), [1, 2]);
        assert_eq!(from_body::<Vec<u8>>(body.as_bytes()).unwrap(), [1, 2]);
        let body = to_body(Err(Error::not_found("The file is gone"))).unwrap();
        assert_eq!(from_body::<()>(body.as_bytes()).unwrap_err().message(), "The file is gone");
        for body in ["", "{}", r#"{"Ok":1"#, r#"{"Ok":"text"}"#] {
            assert_eq!(from_body::<u8>(body.as_bytes()).unwrap_err().code(), "INTERNAL", "{body}");
        }
    }
}
