//! Which stacks are meant.

use std::path::PathBuf;

use super::ComposeArgs;
use crate::compose::{Input, Request, Stack, discover};
use crate::core::context::Context;
use crate::core::error::Fault;

pub(super) fn requests(args: &ComposeArgs, ctx: &Context) -> Result<Vec<Request>, Fault> {
    let request = |files: Vec<PathBuf>| Request {
        files: files.into_iter().map(input).collect(),
        start: None,
        project_name: args.project_name.clone(),
        folder: args.project_directory.clone(),
        env_files: args.env_file.clone(),
        profiles: args.profile.clone(),
        current: ctx.env.current_folder.clone(),
        shell: ctx.env.variables.clone(),
        ..Request::default()
    };
    if args.file.is_empty() && args.path.is_empty() {
        return Ok(vec![default(request(Vec::new()))?]);
    }
    Ok(files(args, ctx)?.into_iter().map(request).collect())
}

fn input(path: PathBuf) -> Input {
    if path.as_os_str() == "-" { Input::Stdin } else { Input::File(path) }
}

/// The files of each stack.
fn files(args: &ComposeArgs, ctx: &Context) -> Result<Vec<Vec<PathBuf>>, Fault> {
    if !args.file.is_empty() {
        return Ok(vec![args.file.clone()]);
    }
    let mut stacks = Vec::new();
    for path in &args.path {
        let whole = ctx.env.current_folder.join(path);
        if path.as_os_str() == "-" || !whole.is_dir() {
            stacks.push(vec![path.clone()]);
            continue;
        }
        let found = discover::below(&whole)
            .map_err(|e| Fault::failed(format!("cannot read {}", path.display())).because(e))?;
        if found.is_empty() {
            return Err(nothing(&format!("there is no Compose file in {}", path.display())));
        }
        stacks.extend(found);
    }
    Ok(stacks)
}

/// What Compose itself would take.
fn default(mut request: Request) -> Result<Request, Fault> {
    let start = request.folder.as_ref().map(|folder| request.current.join(folder));
    request.start = Some(start.unwrap_or_else(|| request.current.clone()));
    let files = Stack::default_files(&request).map_err(|e| Fault::failed(e.to_string()))?;
    let files =
        files.ok_or_else(|| nothing("there is no Compose file here, nor in a folder above"))?;
    request.files = files.into_iter().map(input).collect();
    Ok(request)
}

fn nothing(text: &str) -> Fault {
    Fault::usage(text).hint("name a file or a folder: `ut compose-validate deploy/`")
}
