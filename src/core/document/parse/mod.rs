//! One module for each format.

pub(super) mod archive;
pub(super) mod docx;
pub(super) mod eml;
pub(super) mod html;
pub(super) mod mail_body;
pub(super) mod markdown;
pub(super) mod pdf;
pub(super) mod plain;
