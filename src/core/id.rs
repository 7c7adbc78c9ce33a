//! Typed ids.
//!
//! Every id is a random UUID. Dialects have their own formats for ids, for instance with a prefix. Here an id displays
//! as the bare UUID in lower case, and parses from any common format of one.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{Error, ErrorKind};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// An id from 16 bytes that are random or a digest (version 4 of RFC 9562: six bits are fixed).
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
            }

            /// The id of what has this digest: its first 16 bytes.
            pub fn from_digest(digest: &[u8]) -> Self {
                let mut bytes = [0; 16];
                bytes.iter_mut().zip(digest).for_each(|(byte, digest)| *byte = *digest);
                Self::from_bytes(bytes)
            }

            /// The id as a number. Numbers of different ids are spread evenly.
            pub const fn as_u128(self) -> u128 {
                self.0.as_u128()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                Uuid::try_parse(text)
                    .map(Self)
                    .map_err(|_| Error::new(ErrorKind::NotFound, "Not found"))
            }
        }
    };
}

id! {
    /// A project: the namespace of everything below it.
    ProjectId
}
id! {
    /// An organization, which owns projects.
    OrganizationId
}
id! {
    /// A job.
    JobId
}
id! {
    /// An uploaded file.
    FileId
}
id! {
    /// A classifier: a named, versioned rule set with its settings.
    ClassifierId
}
id! {
    /// A saved configuration of what else a job can be asked for. Dialects show a classifier as one, under its own id.
    ConfigurationId
}
id! {
    /// A saved webhook.
    WebhookId
}
id! {
    /// A call of a webhook, the same at each attempt.
    DeliveryId
}
id! {
    /// A saved schema.
    SchemaId
}
id! {
    /// A rule of a classifier. It stays the same if the label changes.
    RuleId
}
id! {
    /// A token. The id is public, unlike the secret of the token.
    TokenId
}
id! {
    /// A lease: the right of one worker to finish a stage of a job.
    LeaseId
}

impl From<ClassifierId> for ConfigurationId {
    fn from(id: ClassifierId) -> Self {
        Self(id.0)
    }
}

impl From<ConfigurationId> for ClassifierId {
    fn from(id: ConfigurationId) -> Self {
        Self(id.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displays_and_parses() {
        let id = JobId::from_bytes([7; 16]);
        assert_eq!(id.to_string(), "07070707-0707-4707-8707-070707070707");
        assert_eq!(id.to_string().parse::<JobId>().unwrap(), id);
        assert_eq!("0707070707074707870707070707 0707".parse::<JobId>().unwrap_err().kind(), ErrorKind::NotFound);
    }
}
