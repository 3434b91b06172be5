//! What there is: every account and region below the evidence, found by listing and by nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Evidence;
use super::misplaced::{Beside, Misfit, Misplaced, STRAY, UNLISTED, Unlistable};
use super::request::AuditRequest;
use crate::store::{Folder, ObjectInfo, ObjectStore, StoreError};
use crate::trail::{AccountFolder, ObjectLocation, RegionFolders, is_account_id, is_organization_id, is_region};

/// What was found.
#[derive(Default)]
pub(super) struct Discovery {
    /// In order of account and region.
    pub regions: Vec<Region>,
    /// Objects out of place, and folders that could not be listed.
    pub beside: Beside,
    /// Sibling folders that digests do not cover, such as `CloudTrail-Insight/`.
    pub not_covered: BTreeSet<String>,
    /// Objects in `AWSLogs/` and in accounts' folders, where there should be folders alone.
    pub in_the_way: u64,
}

/// The folders of one account and region: usually in one place, in several where a trail was moved.
#[derive(Clone, Debug)]
pub(super) struct Region {
    pub region: String,
    pub places: Vec<Place>,
}

/// Where one of these folders is.
#[derive(Clone)]
pub(super) struct Place {
    pub store: Arc<dyn ObjectStore>,
    pub folders: RegionFolders,
}

impl Place {
    /// An object of this place.
    pub(super) fn at(&self, key: impl Into<String>) -> ObjectLocation {
        ObjectLocation::new(self.store.bucket().unwrap_or_default(), key)
    }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.folders)
    }
}

/// The place that answers for a bucket: the one of that name before one of which nobody knows where it was copied from.
pub(super) fn place_of<'p>(places: &'p [Place], bucket: &str) -> Option<&'p Place> {
    let named = places.iter().find(|place| place.store.bucket() == Some(bucket));
    named.or_else(|| places.iter().find(|place| place.store.bucket().is_none()))
}

/// Finds the accounts and regions asked for.
pub(super) async fn discover(evidence: &Evidence, request: &AuditRequest) -> Result<Discovery, StoreError> {
    let mut search = Search { request, visited: 0, found: BTreeMap::new(), discovery: Discovery::default() };
    for store in &evidence.stores {
        search.roots(store).await?;
    }
    let Search { found, mut discovery, .. } = search;
    discovery.regions = found.into_iter().map(|((_, region), places)| Region { region, places }).collect();
    Ok(discovery)
}

struct Search<'a> {
    request: &'a AuditRequest,
    visited: usize,
    found: BTreeMap<(String, String), Vec<Place>>,
    discovery: Discovery,
}

impl Search<'_> {
    /// Looks for every `AWSLogs/`, whatever prefix it lies below.
    async fn roots(&mut self, store: &Arc<dyn ObjectStore>) -> Result<(), StoreError> {
        let mut open = vec![(String::new(), 0)];
        while let Some((prefix, depth)) = open.pop() {
            self.visited += 1;
            let too_far =
                depth > self.request.limits.discovery_depth || self.visited > self.request.limits.discovery_folders;
            if too_far {
                self.discovery.beside.unlistable.push(Unlistable::over_limit(store, &prefix));
                continue;
            }
            let folder = match store.folder(&prefix).await {
                Err(error) if prefix.is_empty() => return Err(error),
                other => self.told(store, &prefix, other),
            };
            for name in folder.folders.into_iter().rev() {
                if name.strip_prefix(&prefix) == Some("AWSLogs/") {
                    if self.wanted_prefix(&prefix) {
                        self.accounts(store, &prefix, None, &name).await;
                    }
                } else if self.leads_to_wanted(&name) {
                    open.push((name, depth + 1));
                }
            }
        }
        Ok(())
    }

    async fn accounts(&mut self, store: &Arc<dyn ObjectStore>, prefix: &str, organization: Option<&str>, path: &str) {
        let folder = self.look(store, path).await;
        self.count_in_the_way(&folder);
        for name in folder.folders {
            let last = name[path.len()..].trim_end_matches('/');
            if is_account_id(last) {
                let account = AccountFolder {
                    prefix: prefix.to_owned(),
                    organization: organization.map(str::to_owned),
                    account: last.to_owned(),
                };
                self.services(store, &account).await;
            } else if organization.is_none() && is_organization_id(last) {
                Box::pin(self.accounts(store, prefix, Some(last), &name)).await;
            }
        }
    }

    async fn services(&mut self, store: &Arc<dyn ObjectStore>, account: &AccountFolder) {
        let path = account.path();
        let folder = self.look(store, &path).await;
        self.count_in_the_way(&folder);
        for name in folder.folders {
            match &name[path.len()..] {
                "CloudTrail/" => self.regions(store, account, &name, UNLISTED).await,
                "CloudTrail-Digest/" => self.regions(store, account, &name, STRAY).await,
                other if other.starts_with("CloudTrail") => {
                    self.discovery.not_covered.insert(other.to_owned());
                }
                _ => {}
            }
        }
    }

    /// The regions below `CloudTrail/` or `CloudTrail-Digest/`; what else lies there is out of place.
    async fn regions(&mut self, store: &Arc<dyn ObjectStore>, account: &AccountFolder, path: &str, misfit: Misfit) {
        let folder = self.look(store, path).await;
        let selected = |region: &str| {
            let folders = RegionFolders { account: account.clone(), region: region.to_owned() };
            self.request.select.has_folders(&folders).then_some(folders)
        };
        let mut others = Vec::new();
        for name in &folder.folders {
            let region = name[path.len()..].trim_end_matches('/');
            match selected(region) {
                Some(folders) if is_region(region) => self.add(store, folders),
                None if is_region(region) => {}
                _ => others.push(name.clone()),
            }
        }
        let places = &self.request.select;
        let concerned = places.accounts.is_empty() || places.accounts.contains(&account.account);
        if concerned && self.wanted_prefix(&account.prefix) {
            let mut misplaced = Misplaced::new(store, path, misfit, self.request.limits.planted_named_per_region);
            folder.objects.into_iter().for_each(|object| misplaced.tell(object));
            for other in &others {
                self.discovery.beside.tell_below(&mut misplaced, other).await;
            }
            self.discovery.beside.misplaced.push(misplaced);
        }
    }

    fn add(&mut self, store: &Arc<dyn ObjectStore>, folders: RegionFolders) {
        let places = self.found.entry((folders.account.account.clone(), folders.region.clone())).or_default();
        let known = places.iter().any(|place| place.folders == folders && Arc::ptr_eq(&place.store, store));
        if !known {
            places.push(Place { store: Arc::clone(store), folders });
        }
    }

    async fn look(&mut self, store: &Arc<dyn ObjectStore>, path: &str) -> Folder {
        self.told(store, path, store.folder(path).await)
    }

    fn told(&mut self, store: &Arc<dyn ObjectStore>, path: &str, answer: Result<Folder, StoreError>) -> Folder {
        let folder = match answer {
            Ok(folder) => folder,
            Err(StoreError::NotFound) => Folder::default(),
            Err(error) => {
                self.discovery.beside.unlistable.push(Unlistable::new(store, path, &error));
                Folder::default()
            }
        };
        // Whole accounts can hide behind a link, or behind a file of their name.
        let hides = |object: &&ObjectInfo| object.special || stands_for_a_folder(&object.key[path.len()..]);
        for object in folder.objects.iter().filter(hides) {
            self.discovery.beside.unlistable.push(Unlistable::no_ordinary(store, object.key.clone()));
        }
        folder
    }

    fn count_in_the_way(&mut self, folder: &Folder) {
        self.discovery.in_the_way += folder.objects.iter().filter(|object| !object.is_folder_marker()).count() as u64;
    }

    fn wanted_prefix(&self, prefix: &str) -> bool {
        self.request.select.prefix.as_ref().is_none_or(|wanted| wanted == prefix)
    }

    /// Whether the wanted prefix can lie below this folder.
    fn leads_to_wanted(&self, name: &str) -> bool {
        self.request.select.prefix.as_ref().is_none_or(|wanted| wanted.starts_with(name))
    }
}

/// Names that folders have on the way to digest and log files, and objects have not.
fn stands_for_a_folder(name: &str) -> bool {
    matches!(name, "AWSLogs" | "CloudTrail" | "CloudTrail-Digest")
        || is_account_id(name)
        || is_organization_id(name)
        || is_region(name)
}
