//! The logic of the index of a project. The Durable Object behind it is the project's database: the only copy of its
//! classifiers, schemas and settings, and an index of its jobs and files, which are stored elsewhere.
//!
//! A job's row is written when the job is accepted, before the job itself exists: one row holds the reservation of
//! its idempotency key, its place in listings, and a snapshot. The job then reports every change that listings show
//! to the index. A row whose job never reports (a crash between the two writes) is found by
//! [`sweep`](super::sweep::sweep), which submits the job under the reserved id; submitting is idempotent.
//!
//! Each area has a module with its records, its commands and its part of the storage: [`project`], [`jobs`],
//! [`files`], [`classifiers`], [`configurations`], [`schemas`], [`tokens`], [`webhooks`], [`deliveries`],
//! [`mod@registry`]. The storages in memory and of the Worker have modules of the same names.
//!
//! To store a new kind of record:
//!
//! 1. Here: add a module with the record, its store trait and its commands, re-export them, add the trait to the
//!    supertraits of [`IndexStore`], and the commands to the list in `commands!`.
//! 2. In memory: add a field to `IndexRows` in `memory/index/mod.rs`, and a module that implements the trait.
//! 3. In the Worker: append to `SCHEMA` in `worker/objects/index/mod.rs` a statement for the table and one for each of
//!    its indexes (released statements never change), and add a module that implements the trait.
//! 4. Add the use cases in a module of `service`, their checks to `service/contract`, the record to `tests/upgrade`.

mod classifier_version;
mod classifiers;
mod configurations;
mod deliveries;
mod files;
mod job_rows;
mod jobs;
mod page;
mod project;
mod registry;
mod schemas;
mod size;
mod tokens;
mod usage;
mod webhooks;

use std::time::Duration;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use self::page::cursor;
pub use self::{
    classifier_version::{ClassifierChange, ClassifierVersion, RouteRef, RuleChange},
    classifiers::{
        AddExample, ChangeClassifier, ChangeRules, ClassifierFilter, ClassifierStore, CountClassifiers,
        DeleteClassifier, GetClassifier, ListClassifiers, PublishClassifier, SaveClassifier, Version, Versions,
    },
    configurations::{
        ChangeConfiguration, ConfigurationFilter, ConfigurationStore, CountConfigurations, DeleteConfiguration,
        GetConfiguration, ListConfigurations, SaveConfiguration, SavedConfiguration,
    },
    deliveries::{
        DeliveryAttempt, DeliveryRecord, DeliveryState, DeliveryStore, GetDelivery, ListDeliveries, NoteDelivery,
    },
    files::{
        AbandonUpload, AdoptFile, BeginUpload, CompleteUpload, CountFiles, File, FileFilter, FileOrder, FileStore,
        GetFile, ListFiles, PutFile, RemoveFile, UploadInProgress,
    },
    job_rows::{JobRow, JobRows, StoredRow},
    jobs::{
        CountJobs, GetJobByKey, HasJob, InlineWebhook, JobFilter, JobInput, JobRole, JobRowStore, ListJobs,
        OptionsSource, Refusal, RemoveJob, RequestedWebhooks, ReserveJob, Reserved, RuleSource, SourceFilter,
        SourceKind, StaleJob, UpsertJob, Work,
    },
    page::{Cursor, Page, PageRequest, PageSize, Rows, bad_cursor, parse_time},
    project::{ChangeProject, DeleteProject, GetProject, Project, ProjectStore, PutProject},
    registry::{
        AddListedProject, IsOriginAllowed, ListProjects, ListedProject, PutAllowedOrigins, RegistryStore,
        RemoveListedProject, registry,
    },
    schemas::{
        ChangeSchema, DeleteSchema, GetSchema, GetSchemaVersion, ListSchemaNames, ListSchemas, SaveSchema, SavedSchema,
        SchemaHead, SchemaName, SchemaStore,
    },
    size::json_bytes,
    tokens::{GetToken, ListTokens, ListedToken, ListedTokenStore, NoteToken, PutToken, RemoveToken},
    usage::UsageBounds,
    webhooks::{
        ChangeWebhook, CountWebhooks, DeleteWebhook, Disabled, GetWebhook, ListWebhooks, SaveWebhook, Webhook,
        WebhookFilter, WebhookStore,
    },
};
pub(super) use self::{jobs::remove as remove_job, page::truncate_page};
use crate::{
    error::{Error, Result},
    id::ProjectId,
    time::Timestamp,
};

/// The storage of one index. Every call is atomic by itself and every change is one call, so that no change can be
/// half made. Listings begin after the row `after`, if given. Every method fails with `Internal` if the storage fails.
pub trait IndexStore:
    ProjectStore
    + JobRowStore
    + FileStore
    + ClassifierStore
    + ConfigurationStore
    + SchemaStore
    + ListedTokenStore
    + WebhookStore
    + DeliveryStore
    + RegistryStore
{
}

impl<S> IndexStore for S where
    S: ProjectStore
        + JobRowStore
        + FileStore
        + ClassifierStore
        + ConfigurationStore
        + SchemaStore
        + ListedTokenStore
        + WebhookStore
        + DeliveryStore
        + RegistryStore
{
}

/// Where and when a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// The project of the index.
    pub project: ProjectId,
    /// The current time.
    pub now: Timestamp,
}

/// A command to an index. Its fields are its arguments.
pub trait IndexCommand: Into<AnyCommand> + Send {
    /// What the index replies. In a reply, None stands for a record that does not exist.
    type Reply: Serialize + DeserializeOwned + Send;

    /// The time within which the index must [sweep](super::sweep::sweep) because of this command. None if the command
    /// does not require it.
    const SWEEP_WITHIN: Option<Duration> = None;

    /// Whether the command runs for a project that is deleted. Others are refused with `NotFound`.
    const AFTER_DELETION: bool = false;

    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the command, and `Internal` if the storage fails.
    fn run(self, store: &impl IndexStore, context: Context) -> Result<Self::Reply>;

    /// The JSON of a reply. A command whose reply is stored as JSON passes that on instead of serializing it again.
    ///
    /// # Errors
    ///
    /// `Internal` if the reply cannot be serialized.
    fn reply_to_json(reply: &Self::Reply) -> Result<String> {
        serde_json::to_string(reply).map_err(Error::internal)
    }
}

/// Declares [`AnyCommand`] from the list of all commands.
macro_rules! commands {
    ($($command:ident),* $(,)?) => {
        /// Any command to an index, as it crosses from the Worker to the Durable Object: its name and its fields.
        #[derive(Debug, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum AnyCommand {
            $(
                #[doc = concat!("See [`", stringify!($command), "`].")]
                $command($command),
            )*
        }

        impl AnyCommand {
            /// The time within which the index must [sweep](super::sweep::sweep) because of this command. None if the
            /// command does not require it.
            pub fn sweep_within(&self) -> Option<Duration> {
                match self {
                    $(Self::$command(_) => <$command as IndexCommand>::SWEEP_WITHIN,)*
                }
            }

            /// Runs the command, and returns the JSON of its reply.
            ///
            /// # Errors
            ///
            /// Those of the command, and `Internal` if the storage fails.
            pub fn run(self, store: &impl IndexStore, context: Context) -> Result<String> {
                match self {
                    $(Self::$command(command) => {
                        if !<$command as IndexCommand>::AFTER_DELETION {
                            project::deny_deleted(store)?;
                        }
                        $command::reply_to_json(&command.run(store, context)?)
                    })*
                }
            }
        }

        $(
            impl From<$command> for AnyCommand {
                fn from(command: $command) -> Self {
                    Self::$command(command)
                }
            }
        )*
    };
}

commands![
    PutProject,
    GetProject,
    DeleteProject,
    ChangeProject,
    ReserveJob,
    UpsertJob,
    RemoveJob,
    ListJobs,
    CountJobs,
    GetJobByKey,
    HasJob,
    PutFile,
    AdoptFile,
    BeginUpload,
    CompleteUpload,
    AbandonUpload,
    GetFile,
    RemoveFile,
    ListFiles,
    CountFiles,
    SaveClassifier,
    ChangeClassifier,
    ChangeRules,
    AddExample,
    PublishClassifier,
    GetClassifier,
    DeleteClassifier,
    ListClassifiers,
    CountClassifiers,
    SaveConfiguration,
    ChangeConfiguration,
    GetConfiguration,
    DeleteConfiguration,
    ListConfigurations,
    CountConfigurations,
    SaveSchema,
    ChangeSchema,
    GetSchema,
    GetSchemaVersion,
    DeleteSchema,
    ListSchemas,
    ListSchemaNames,
    PutToken,
    NoteToken,
    GetToken,
    RemoveToken,
    ListTokens,
    SaveWebhook,
    ChangeWebhook,
    GetWebhook,
    DeleteWebhook,
    ListWebhooks,
    CountWebhooks,
    NoteDelivery,
    GetDelivery,
    ListDeliveries,
    AddListedProject,
    RemoveListedProject,
    PutAllowedOrigins,
    IsOriginAllowed,
    ListProjects,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_crosses_under_its_name() {
        let text = serde_json::to_string(&AnyCommand::from(GetProject)).unwrap();
        assert_eq!(text, r#"{"get_project":null}"#);
        assert!(matches!(serde_json::from_str(&text), Ok(AnyCommand::GetProject(GetProject))));
    }

    #[test]
    fn an_unknown_command_is_named_in_the_error() {
        let error = serde_json::from_str::<AnyCommand>(r#"{"paint_project":null}"#).unwrap_err();
        assert!(error.to_string().starts_with("unknown variant `paint_project`"), "{error}");
    }
}
