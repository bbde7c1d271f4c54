//! Uploaded pictures: one of each kind, referenced by their organization's row.

use std::sync::Arc;

use porta_core::branding::{AssetKind, BrandingAsset, PictureType};
use porta_core::{BrandingAssetId, OrganizationId};

use super::fixture::{MINUTE, NOW, TwoTenants, one_round_trip};
use crate::{Store, StoreError};

fn asset(w: &TwoTenants, kind: AssetKind, content_type: PictureType, data: &[u8]) -> BrandingAsset {
    let id = BrandingAssetId::new(NOW, &w.entropy);
    BrandingAsset { id, kind, content_type, data: data.to_vec(), created_at: NOW }
}

/// The ids of the pictures in an organization's row.
async fn known(w: &TwoTenants, organization: OrganizationId) -> [Option<BrandingAssetId>; 2] {
    let found = w.repositories().organizations().by_id(organization).await.unwrap().unwrap();
    [found.branding.logo_asset, found.branding.favicon_asset]
}

pub async fn round_trip(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let owner = w.acme.organization.id;
    let mut all = w.repositories();
    let mut assets = all.branding_assets(owner);
    assert_eq!(assets.find(AssetKind::Logo).await.unwrap(), None);
    assert!(!assets.remove(AssetKind::Logo).await.unwrap());
    assert_eq!(known(&w, owner).await, [None, None]);
    let logo = asset(&w, AssetKind::Logo, PictureType::Svg, b"<svg/>");
    one_round_trip(&w.store, assets.put(&logo, None)).await.unwrap();
    assert_eq!(one_round_trip(&w.store, assets.find(AssetKind::Logo)).await.unwrap(), Some(logo.clone()));
    assert_eq!(assets.find(AssetKind::Favicon).await.unwrap(), None);
    let mut seen = None;
    for content_type in PictureType::ALL {
        let icon = asset(&w, AssetKind::Favicon, *content_type, &[0, 1, 255]);
        assets.put(&icon, seen).await.unwrap();
        seen = Some(icon.id);
        assert_eq!(assets.find(AssetKind::Favicon).await.unwrap(), Some(icon.clone()));
        assert_eq!(known(&w, owner).await, [Some(logo.id), Some(icon.id)]);
    }
    let later = BrandingAsset {
        created_at: NOW + MINUTE,
        ..asset(&w, AssetKind::Logo, PictureType::Png, &vec![7; 100_000])
    };
    assets.put(&later, Some(logo.id)).await.unwrap();
    assert_eq!(assets.find(AssetKind::Logo).await.unwrap(), Some(later), "there is one of each kind");
    assert!(assets.remove(AssetKind::Logo).await.unwrap());
    assert!(!assets.remove(AssetKind::Logo).await.unwrap());
    let [logo, icon] = known(&w, owner).await;
    assert!(logo.is_none() && icon.is_some());
    let mut organization = w.repositories().organizations().by_id(owner).await.unwrap().unwrap();
    organization.branding.favicon_asset = None;
    assert!(w.repositories().organizations().update(&organization).await.unwrap());
    assert_eq!(known(&w, owner).await[1], icon, "rewriting an organization leaves its pictures alone");
    let by_slug = w.repositories().organizations().by_slug(&organization.slug).await.unwrap().unwrap();
    assert_eq!(by_slug.branding.favicon_asset, icon);
    let page = w.repositories().organizations().page(None, 100).await.unwrap();
    assert!(page.items.iter().any(|o| o.id == owner && o.branding.favicon_asset == icon));
}

pub async fn units_decide(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let owner = w.acme.organization.id;
    let logo = asset(&w, AssetKind::Logo, PictureType::Png, b"x");
    let mut unit = w.store.begin().await.unwrap();
    unit.branding_assets(owner).put(&logo, None).await.unwrap();
    drop(unit);
    assert_eq!(known(&w, owner).await, [None, None]);
    let mut unit = w.store.begin().await.unwrap();
    unit.branding_assets(owner).put(&logo, None).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(known(&w, owner).await, [Some(logo.id), None]);
}

pub async fn summaries(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let owner = w.acme.organization.id;
    let mut all = w.repositories();
    let mut assets = all.branding_assets(owner);
    assert!(assets.summaries().await.unwrap().is_empty());
    let logo = asset(&w, AssetKind::Logo, PictureType::Svg, b"<svg/>");
    let icon = asset(&w, AssetKind::Favicon, PictureType::Ico, &[0, 1, 255]);
    assets.put(&logo, None).await.unwrap();
    assets.put(&icon, None).await.unwrap();
    let found = one_round_trip(&w.store, assets.summaries()).await.unwrap();
    assert_eq!(found, [icon.summary(), logo.summary()]);
    assert_eq!((found[0].size, found[1].size), (3, 6));
    drop(assets);
    assert!(all.branding_assets(w.other.organization.id).summaries().await.unwrap().is_empty());
}

pub async fn limits(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut assets = all.branding_assets(w.acme.organization.id);
    let most = asset(&w, AssetKind::Logo, PictureType::Png, &vec![1; BrandingAsset::MAX_BYTES]);
    assets.put(&most, None).await.unwrap();
    assert_eq!(assets.find(AssetKind::Logo).await.unwrap(), Some(most.clone()));
    for size in [0, BrandingAsset::MAX_BYTES + 1] {
        let refused = asset(&w, AssetKind::Logo, PictureType::Png, &vec![1; size]);
        let refused = assets.put(&refused, Some(most.id)).await;
        assert!(matches!(refused, Err(StoreError::Failed(_))), "{size}: {refused:?}");
    }
    assert_eq!(assets.find(AssetKind::Logo).await.unwrap(), Some(most));
}

pub async fn another_organization_sees_nothing(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (acme, other) = (w.acme.organization.id, w.other.organization.id);
    let mut all = w.repositories();
    let logo = asset(&w, AssetKind::Logo, PictureType::Png, b"acme's");
    all.branding_assets(acme).put(&logo, None).await.unwrap();
    assert_eq!(all.branding_assets(other).find(AssetKind::Logo).await.unwrap(), None);
    assert!(!all.branding_assets(other).remove(AssetKind::Logo).await.unwrap());
    let others = asset(&w, AssetKind::Logo, PictureType::Png, b"other's");
    let foreign = all.branding_assets(other).put(&others, Some(logo.id)).await;
    assert!(matches!(foreign, Err(StoreError::Stale(_))), "{foreign:?}");
    all.branding_assets(other).put(&others, None).await.unwrap();
    assert_eq!(all.branding_assets(acme).find(AssetKind::Logo).await.unwrap(), Some(logo.clone()));
    assert_eq!(known(&w, acme).await, [Some(logo.id), None]);
    assert_eq!(known(&w, other).await, [Some(others.id), None]);
    let stolen = BrandingAsset { kind: AssetKind::Favicon, ..logo.clone() };
    assert!(all.branding_assets(other).put(&stolen, None).await.is_err(), "an id is one picture's");
    assert_eq!(all.branding_assets(acme).find(AssetKind::Logo).await.unwrap(), Some(logo));
    let nobody = OrganizationId::new(NOW, &w.entropy);
    let fresh = asset(&w, AssetKind::Logo, PictureType::Png, b"x");
    let refused = all.branding_assets(nobody).put(&fresh, None).await;
    assert!(matches!(refused, Err(StoreError::MissingReference(_))), "{refused:?}");
}
