//! What there is: every account and region below the evidence, found by listing and by nothing else.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use futures::{StreamExt, stream};

use super::misplaced::{Beside, Misfit, Misplaced, STRAY, UNLISTED, Unlistable};
use super::request::AuditRequest;
use super::{AuditError, Evidence};
use crate::limits::{Limits, SIBLINGS_NAMED};
use crate::store::{Folder, ObjectInfo, ObjectStore, StoreError};
use crate::trail::{AccountFolder, ObjectLocation, RegionFolders, is_account_id, is_organization_id, is_region};

/// What was found.
#[derive(Default)]
pub(super) struct Discovery {
    /// In order of account and region.
    pub regions: Vec<Region>,
    /// Objects out of place, and folders that could not be listed.
    pub beside: Beside,
    /// Sibling folders that digests do not cover, such as `CloudTrail-Insight/`: the first of them by their names.
    pub not_covered: BTreeSet<String>,
    /// Objects in `AWSLogs/` and in accounts' folders, where there should be folders alone.
    pub in_the_way: u64,
    /// The first of the folders in an `AWSLogs/` or an account's folder that are not CloudTrail's, and how many there are.
    pub aside: Option<(String, u64)>,
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
    let mut found = Found::default();
    for store in &evidence.stores {
        Search { request, store }.all(&mut found).await?;
    }
    // Where a trail was moved from is looked at when a walk leads there. None leads to what is left of an account or region
    // there alone.
    let mut at_hand = Found::default();
    for store in evidence.buckets_at_hand().await {
        Search { request, store: &store }.all(&mut at_hand).await?;
    }
    // What could not be listed there may be such a one.
    found.discovery.beside.add(at_hand.discovery.beside, request.limits.planted_named_per_region);
    for (of, places) in at_hand.places {
        if !found.places.contains_key(&of) {
            places.into_iter().for_each(|place| found.add_place(place, &request.limits));
        }
    }
    let Found { places, mut discovery, .. } = found;
    discovery.regions = places.into_iter().map(|((_, region), places)| Region { region, places }).collect();
    Ok(discovery)
}

/// The folders of the accounts and regions asked for: where a log file of which only the name is known may have lain.
pub async fn region_folders(evidence: &Evidence, request: &AuditRequest) -> Result<Vec<RegionFolders>, AuditError> {
    let evidence = evidence.clone().with_those_at_hand().await;
    let discovery = discover(&evidence, request).await.map_err(AuditError::Source)?;
    let places = discovery.regions.into_iter().flat_map(|region| region.places);
    let mut folders: Vec<RegionFolders> = places.map(|place| place.folders).collect();
    folders.sort();
    folders.dedup();
    Ok(folders)
}

/// What was found so far.
#[derive(Default)]
struct Found {
    places: BTreeMap<(String, String), Vec<Place>>,
    /// How many places there are, of all accounts and regions.
    count: usize,
    /// Folders of accounts and organizations.
    accounts: usize,
    discovery: Discovery,
}

/// A search of one store.
struct Search<'a> {
    request: &'a AuditRequest,
    store: &'a Arc<dyn ObjectStore>,
}

impl Search<'_> {
    /// Every account and region in the store.
    async fn all(&self, found: &mut Found) -> Result<(), StoreError> {
        let mut accounts = Vec::new();
        let mut prefixes = VecDeque::from(self.prefixes(found).await?);
        while let Some(prefix) = prefixes.pop_front() {
            let (more, nested) = self.accounts(&prefix, found).await?;
            accounts.extend(more);
            prefixes.extend(nested);
        }
        let mut services = stream::iter(accounts).map(|account| self.services(account)).buffered(FOLDERS_AT_ONCE);
        while let Some(more) = services.next().await {
            found.add(more, &self.request.limits);
        }
        Ok(())
    }

    /// Every prefix below which there is an `AWSLogs/`, wherever it is.
    async fn prefixes(&self, found: &mut Found) -> Result<Vec<String>, StoreError> {
        let limits = &self.request.limits;
        if let Some(prefix) = self.told_prefix() {
            return Ok(vec![prefix.to_owned()]);
        }
        let (mut prefixes, named) = (Vec::new(), self.request.select.prefix.is_some());
        let mut level = vec![self.request.select.below.clone()];
        let mut visited = 0;
        for depth in 0.. {
            visited += level.len();
            let room =
                if depth < limits.discovery_depth { limits.discovery_folders.saturating_sub(visited) } else { 0 };
            let answers = stream::iter(std::mem::take(&mut level)).map(|name| async {
                let answer = self.store.folder(&name).await;
                (name, answer)
            });
            let mut answers = answers.buffered(FOLDERS_AT_ONCE);
            while let Some((name, answer)) = answers.next().await {
                let folder = match answer {
                    Err(error) if depth == 0 && error != StoreError::Interrupted => return Err(error),
                    answer => self.told(&name, answer, &mut found.discovery),
                };
                for below in folder.folders {
                    if below.strip_prefix(&name) != Some("AWSLogs/") {
                        match self.leads_to_wanted(&below) {
                            true if level.len() < room => level.push(below),
                            true => found.refuse(self.store, &below),
                            false => {}
                        }
                    } else {
                        prefixes.extend(self.wanted_prefix(&name).then(|| name.clone()));
                        // A prefix can be named so, too.
                        level.extend(Some(below).filter(|below| named && self.leads_to_wanted(below)));
                    }
                }
            }
            if level.is_empty() {
                break;
            }
        }
        Ok(prefixes)
    }

    /// The accounts asked for below an `AWSLogs/`, those of organizations too; and a prefix that is itself an `AWSLogs/`.
    async fn accounts(
        &self,
        prefix: &str,
        found: &mut Found,
    ) -> Result<(Vec<AccountFolder>, Option<String>), StoreError> {
        let (mut accounts, mut nested) = (Vec::new(), None);
        let wanted = &self.request.select.accounts;
        let mut open = vec![(None, format!("{prefix}AWSLogs/"))];
        while let Some((organization, path)) = open.pop() {
            let folder = match self.store.folder(&path).await {
                // Nothing at all could be listed.
                Err(error)
                    if organization.is_none() && self.told_prefix().is_some() && error != StoreError::Interrupted =>
                {
                    return Err(error);
                }
                answer => self.told(&path, answer, &mut found.discovery),
            };
            found.discovery.count_in_the_way(&folder);
            for name in folder.folders {
                let last = name[path.len()..].trim_end_matches('/').to_owned();
                let is_account = is_account_id(&last) && (wanted.is_empty() || wanted.contains(&last));
                let is_organization = organization.is_none() && is_organization_id(&last);
                if !is_account && !is_organization {
                    let may_nest = organization.is_none() && self.request.select.prefix.is_none() && !nests(prefix);
                    if last == "AWSLogs" && may_nest {
                        nested = Some(path.clone());
                    } else if !is_account_id(&last) {
                        found.discovery.aside(name, 1);
                    }
                    continue;
                }
                if found.accounts >= self.request.limits.accounts {
                    found.refuse(self.store, &name);
                    continue;
                }
                found.accounts += 1;
                if is_organization {
                    open.push((Some(last), name));
                } else {
                    let organization = organization.clone();
                    accounts.push(AccountFolder { prefix: prefix.to_owned(), organization, account: last });
                }
            }
        }
        Ok((accounts, nested))
    }

    /// The prefix, where it is told and needs not be looked for: in a bucket, there may be leave to list no other folder.
    fn told_prefix(&self) -> Option<&str> {
        self.request.select.prefix.as_deref().filter(|_| self.store.is_remote())
    }

    async fn services(&self, account: AccountFolder) -> Found {
        let mut found = Found::default();
        let path = account.path();
        let folder = self.told(&path, self.store.folder(&path).await, &mut found.discovery);
        found.discovery.count_in_the_way(&folder);
        for name in folder.folders {
            match &name[path.len()..] {
                "CloudTrail/" => self.regions(&account, &name, UNLISTED, &mut found).await,
                "CloudTrail-Digest/" => self.regions(&account, &name, STRAY, &mut found).await,
                other if other.starts_with("CloudTrail") => {
                    found.discovery.beside_what_is_covered(other.to_owned());
                }
                _ => found.discovery.aside(name, 1),
            }
        }
        found
    }

    /// The regions below `CloudTrail/` or `CloudTrail-Digest/`; what else lies there is out of place.
    async fn regions(&self, account: &AccountFolder, path: &str, misfit: Misfit, found: &mut Found) {
        let folder = self.told(path, self.store.folder(path).await, &mut found.discovery);
        let mut misplaced = Misplaced::new(self.store, path, misfit, &self.request.limits);
        folder.objects.into_iter().for_each(|object| misplaced.tell(object));
        let mut regions = 0;
        for name in &folder.folders {
            let region = name[path.len()..].trim_end_matches('/');
            if !is_region(region) {
                found.discovery.beside.tell_below(&mut misplaced, name, &self.request.limits).await;
                continue;
            }
            let folders = RegionFolders { account: account.clone(), region: region.to_owned() };
            if self.request.select.has_folders(&folders) {
                regions += 1;
                match regions <= self.request.limits.regions_per_account {
                    true => found.add_place(Place { store: Arc::clone(self.store), folders }, &self.request.limits),
                    false => found.refuse(self.store, name),
                }
            }
        }
        found.discovery.beside.place(misplaced);
    }

    fn told(&self, path: &str, answer: Result<Folder, StoreError>, discovery: &mut Discovery) -> Folder {
        let folder = match answer {
            Ok(folder) => folder,
            Err(StoreError::NotFound) => Folder::default(),
            Err(error) => {
                discovery.beside.unlistable(Unlistable::new(self.store, path, &error));
                Folder::default()
            }
        };
        // On a disk, whole accounts can hide behind a link, or behind a file of their name.
        let hides = |object: &&ObjectInfo| {
            object.special || !self.store.is_remote() && stands_for_a_folder(&object.key[path.len()..])
        };
        for object in folder.objects.iter().filter(hides) {
            discovery.beside.unlistable(Unlistable::no_ordinary(self.store, object.key.clone()));
        }
        folder
    }

    fn wanted_prefix(&self, prefix: &str) -> bool {
        self.request.select.prefix.as_ref().is_none_or(|wanted| wanted == prefix)
    }

    /// Whether the wanted prefix can lie below this folder.
    fn leads_to_wanted(&self, name: &str) -> bool {
        self.request.select.prefix.as_ref().is_none_or(|wanted| wanted.starts_with(name))
    }
}

impl Found {
    fn add(&mut self, other: Found, limits: &Limits) {
        other.places.into_values().flatten().for_each(|place| self.add_place(place, limits));
        self.discovery.beside.add(other.discovery.beside, limits.planted_named_per_region);
        other.discovery.not_covered.into_iter().for_each(|name| self.discovery.beside_what_is_covered(name));
        self.discovery.in_the_way += other.discovery.in_the_way;
        if let Some((first, count)) = other.discovery.aside {
            self.discovery.aside(first, count);
        }
    }

    fn add_place(&mut self, place: Place, limits: &Limits) {
        let of = (place.folders.account.account.clone(), place.folders.region.clone());
        let places = self.places.get(&of).map_or(&[][..], Vec::as_slice);
        let known =
            places.iter().any(|other| other.folders == place.folders && Arc::ptr_eq(&other.store, &place.store));
        if known {
            return;
        }
        if self.count >= limits.regions || places.len() >= limits.places_per_region {
            [place.folders.digests(), place.folders.logs()].iter().for_each(|folder| self.refuse(&place.store, folder));
        } else {
            self.count += 1;
            self.places.entry(of).or_default().push(place);
        }
    }

    /// A folder that is not looked into, for there are too many.
    fn refuse(&mut self, store: &Arc<dyn ObjectStore>, folder: &str) {
        self.discovery.beside.unlistable(Unlistable::over_limit(store, folder));
    }
}

impl Discovery {
    fn beside_what_is_covered(&mut self, name: String) {
        self.not_covered.insert(name);
        // One more, to tell whether there are more.
        if self.not_covered.len() > SIBLINGS_NAMED + 1 {
            self.not_covered.pop_last();
        }
    }

    fn aside(&mut self, first: String, count: u64) {
        self.aside.get_or_insert((first, 0)).1 += count;
    }

    fn count_in_the_way(&mut self, folder: &Folder) {
        self.in_the_way += folder.objects.iter().filter(|object| !object.is_folder_marker()).count() as u64;
    }
}

/// Whether a prefix is a folder named `AWSLogs/` itself. Of these no further ones are looked for: they could nest without end.
fn nests(prefix: &str) -> bool {
    prefix.ends_with("AWSLogs/")
}

/// Names that folders have on the way to digest and log files, and objects have not.
fn stands_for_a_folder(name: &str) -> bool {
    matches!(name, "AWSLogs" | "CloudTrail" | "CloudTrail-Digest")
        || is_account_id(name)
        || is_organization_id(name)
        || is_region(name)
}

/// Folders looked into at once: enough that the latency of each is hidden by the others.
const FOLDERS_AT_ONCE: usize = 32;
