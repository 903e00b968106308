"""The one door for plugins: everything a plugin may import, and nothing else. Re-exports only.

Grouped as in the author's guide: the plugin's declaration, the hooks' payloads, money and time, the database, pages,
and verbs of the shop.
What is missing here is a gap in the API: say so, rather than reaching around it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request, url_for
from msgspec.structs import asdict, replace

from core.accounts.services import (
    add_staff,
    current_shopper,
    current_staff,
    find_shopper,
    open_account,
    save_address,
    shopper_ids,
)
from core.accounts.services import get_shopper as find_account
from core.accounts.services.addresses import addresses_of
from core.accounts.services.desk import tags_of
from core.accounts.services.listing import ShopperFilters, ShopperRow, list_shoppers, shoppers_by_ids
from core.accounts.services.login import visitor as current_visitor
from core.cart.services import (
    CartGone,
    Details,
    StoredCart,
    add_to_cart,
    apply_code,
    find_cart,
    remove_code,
    remove_line,
    save_details,
    set_quantity,
)
from core.catalogue.services.card_data import product_data_changed
from core.catalogue.services.carts import cart_variants
from core.catalogue.services.categories import CategoryDraft, CategoryText, create_category, ensure_category
from core.catalogue.services.category_pages import category_page, category_tree
from core.catalogue.services.drafts import (
    AttributeDraft,
    ListingDraft,
    OptionDraft,
    PriceDraft,
    ProductDraft,
    TextDraft,
    ValueDraft,
    VariantDraft,
)
from core.catalogue.services.lists import cards_for, cards_only, listing
from core.catalogue.services.locations import add_location
from core.catalogue.services.locations import all_locations as stock_locations
from core.catalogue.services.media import WordlessPicture, add_picture, stored_pictures, wordless_pictures
from core.catalogue.services.media import recent as recent_pictures
from core.catalogue.services.pages import product_page
from core.catalogue.services.products import save_product, save_products
from core.catalogue.services.search import search_cards
from core.catalogue.services.search_leads import Lead as SearchLead
from core.catalogue.services.search_leads import lead_of as search_lead
from core.catalogue.services.search_texts import SearchText, search_texts
from core.catalogue.services.shapes import (
    CartVariant,
    CategoryNode,
    CategoryPage,
    Listing,
    ListingQuery,
    Moved,
    Picture,
    ProductPage,
    SearchPage,
    ShownCard,
    ShownVariant,
    Sort,
)
from core.catalogue.services.skus import NamedProduct, named_products, products_by_sku
from core.catalogue.services.stock_counts import (
    adjust_stock,
    count_stock,
    expect_stock,
    set_backorder_limit,
    sort_stock,
    take_delivery,
)
from core.catalogue.services.stock_counts import first_location as first_stock_location
from core.catalogue.services.stock_reading import VariantLevels
from core.catalogue.services.stock_reading import levels_of as stock_levels_of
from core.catalogue.services.stock_reading import list_levels as list_stock_levels
from core.catalogue.services.stock_transfers import (
    Transfer,
    find_transfer,
    receive_transfer,
    transfer_stock,
    undo_transfer,
)
from core.catalogue.services.stock_transfers import transfers as list_transfers
from core.checkout.services.changing import PreviewMoved, change_order, draft_change, preview_change
from core.checkout.services.drafting import TOKEN as LINK_TOKEN
from core.checkout.services.drafting import (
    DraftQuote,
    draft_quote,
    look_at_draft,
    offered_quote,
    place_draft,
    send_draft,
)
from core.checkout.services.look import CART, CHECKOUT, CheckoutView, look
from core.checkout.services.place_order import CannotBePlaced, PlacedOrder, PriceChanged, place_order
from core.checkout.services.refunding import grant_and_refund
from core.checkout.services.resolving import Terms as ReturnTerms
from core.checkout.services.resolving import granted_by as granted_by_terms
from core.checkout.services.resolving import resolve as resolve_return
from core.checkout.services.resolving import shown_sum as return_sum
from core.checkout.services.resolving import terms_by_rules as return_terms
from core.hookspecs.checkout import Address, Cart, CartLine, Field, PricedCart, Problem, Tax, TaxableLine, Taxes
from core.hookspecs.events import (
    Event,
    GuestErased,
    OrderCancelled,
    OrderChanged,
    OrderPaid,
    OrderPlaced,
    OrderPromised,
    OrderReturned,
    OrderShipped,
    OrderStaged,
    OrderUnshipped,
    PaymentChanged,
    ProductChanged,
    ReturnChanged,
    ShopperErased,
    ShopperRegistered,
    StockChanged,
)
from core.hookspecs.fulfil import (
    Carrier,
    CarrierService,
    Label,
    Manifest,
    Parcel,
    ParcelLine,
    Rate,
    Scan,
    ScanStatus,
    Source,
    Sourced,
)
from core.hookspecs.notify import Attachment, Channel, Delivery, Message
from core.hookspecs.order import ActKind, GuardedLine, GuardedOrder, OrderAct
from core.hookspecs.payment import (
    Begun,
    Done,
    Fact,
    FactKind,
    Forged,
    Gateway,
    IncomingRequest,
    Intent,
    Notice,
    OutcomeUnknown,
    PaymentDeclined,
    Qr,
    Redirect,
    Reply,
    SettlementLine,
    Show,
)
from core.hookspecs.promote import AmountOff, Claim, DeliveryOff, Offer, PercentOff, PriceQuery, PromotedPrice, Rejected
from core.hookspecs.site import Data, Elsewhere, Head, SearchQuery, SearchResult, Site, Slot, Url
from core.hookspecs.spec import hookimpl
from core.kernel.activity import record as record_activity
from core.kernel.blocks import Block, BlockField, plugin_blocks
from core.kernel.cache import depends, touch
from core.kernel.commands import run_plugin_command
from core.kernel.db import execute, in_haste, is_sqlite, marks, one, require_transaction, rows, transaction, value
from core.kernel.fetch import AddressRefused, Answered, Fetcher, NotFetched
from core.kernel.files import drop_file, keep_file, keep_picture, kept_file, own_folder
from core.kernel.files import url as media_url
from core.kernel.i18n import (
    clauses,
    country_name,
    day,
    enumerated,
    gettext,
    labelled,
    language,
    language_name,
    lazy,
    money,
    ngettext,
    number,
    phrases,
    say,
    sentences,
    speaking,
    text_direction,
    when,
)
from core.kernel.jobs import enqueue as enqueue_job
from core.kernel.jobs import progress as job_progress
from core.kernel.kept import kept, kept_still, once_a_look
from core.kernel.limits import Rule as LimitRule
from core.kernel.limits import add as add_limit
from core.kernel.limits import left as limit_left
from core.kernel.limits import take as take_limit
from core.kernel.limits import wait_s as limit_wait_s
from core.kernel.manifest import (
    Attribute,
    CardAct,
    Csp,
    FirstStep,
    MenuEntry,
    PanelFinder,
    PanelHit,
    PanelSection,
    Permission,
    Plugin,
    ProductAct,
    RecordedValue,
    Stage,
)
from core.kernel.messages import enqueue_message, inline_css
from core.kernel.names import asset, icon
from core.kernel.operations import (
    Operation,
    OperationCall,
    OperationFailed,
    RequestModel,
    ResponseModel,
    operation,
    plugin_operations,
    plugin_scopes,
)
from core.kernel.outside import link, render_outside
from core.kernel.repeats import DoneBefore, FormReused, form_key
from core.kernel.repeats import claim as claim_form
from core.kernel.respond import absolute, actor, allow_hosts, cacheable, is_fragment, is_open, kept_part, part
from core.kernel.respond import currency as current_currency
from core.kernel.respond import note as toast
from core.kernel.respond import page as render
from core.kernel.respond import redirect as redirect303
from core.kernel.routes import Views
from core.kernel.secrets import derived as derived_secret
from core.kernel.secrets import mail_code
from core.kernel.secrets import opened as open_secret
from core.kernel.secrets import sealed as seal_secret
from core.kernel.security import NotOpen, any_origin, is_loopback, owner, public, shopper, staff, while_open
from core.kernel.settings import Amount, Secret, Settings, Text, setting
from core.kernel.site_verbs import add_site, set_about
from core.kernel.sites import SiteState, current_site, site_by_host, state_of
from core.kernel.sites import current as current_state
from core.kernel.stored import may_store
from core.kernel.storing import Stored
from core.kernel.switch import save_settings as save_plugin_settings
from core.kernel.switch import sites_with, switch_off, switch_on
from core.kernel.tables import InstantField, JSONField, RemovableTable, SiteTable, Table
from core.lib.addresses import countries, email_problem
from core.lib.chart import Box, Chart, charts
from core.lib.clock import freeze, instant, micros, now
from core.lib.command_line import command_line
from core.lib.csv import Row as CsvRow
from core.lib.csv import UnreadableFile, open_rows, write_rows
from core.lib.errors import Broken, Forbidden, NotFound, Refused, StoaError, TooMany, Unfit
from core.lib.ids import digest, token, uid
from core.lib.money import Money, NotMoney, exponent, format_money, parse_money, percent, portion, split, total
from core.lib.spelling import closest, completions, singular
from core.lib.text import bigrams, clean_html, fold, is_cjk, plain, runs, shorten, slugify, words
from core.lib.tracking import NotATrackingAddress, parse_tracking_address, tracking_address
from core.orders.services import OrderView, find_order, order_view
from core.orders.services.by_location import (
    KitPart,
    LocationPacking,
    LocationUnits,
    packed_by_location,
    units_by_location,
)
from core.orders.services.cancel import cancel as cancel_order
from core.orders.services.case import add_photos as add_return_photos
from core.orders.services.case import (
    approve_case,
    decline_case,
    inspect_case,
    receive_case,
    request_case,
    resolve_case,
    withdraw_case,
)
from core.orders.services.case_reading import case_view, cases_of, list_cases
from core.orders.services.case_rules import Rules as ReturnRules
from core.orders.services.case_rules import set_rules as set_return_rules
from core.orders.services.case_shapes import CaseLine, CaseView
from core.orders.services.change import ChangeStale, change_view, confirm_change, drop_change
from core.orders.services.change_shapes import (
    AddCharge,
    AddDestination,
    AddGoods,
    CancelUnits,
    ChangeView,
    MoveUnits,
    RemoveLine,
    SetAddress,
    SetBilling,
    SetContact,
    SetDelivery,
    SetPrice,
    SetQuantity,
)
from core.orders.services.claims import claims_used
from core.orders.services.decided import decided_charges
from core.orders.services.drafts import (
    DraftLine,
    DraftPlace,
    DraftView,
    DraftWish,
    draft_view,
    drop_draft,
    list_drafts,
    make_draft,
    present_link,
    revoke_link,
    save_draft,
)
from core.orders.services.following import take_scans
from core.orders.services.guards import Guarded
from core.orders.services.hold_checks import OnHold
from core.orders.services.holds import approve_order, hold_order, lift_hold, refuse_order
from core.orders.services.instead import Instead, sent_instead
from core.orders.services.instructing import begin_instructions
from core.orders.services.listing import OrderFilters, OrderRow, list_orders
from core.orders.services.money_limits import left_to_capture
from core.orders.services.notes import tell as tell_order
from core.orders.services.notes import write as write_order_note
from core.orders.services.opening import begin_payment
from core.orders.services.parcels import tracking_link, tracking_links
from core.orders.services.part_shapes import PaymentView, ShipmentView
from core.orders.services.parting import (
    Parting,
    merge_candidates,
    merge_order,
    preview_merge,
    preview_split,
    split_order,
)
from core.orders.services.payments import NothingToCapture, mark_paid
from core.orders.services.payments import capture as capture_payment
from core.orders.services.payments import void as void_payment
from core.orders.services.photos import drop as drop_return_photos
from core.orders.services.photos import keep as keep_return_photos
from core.orders.services.photos import sent as return_photo
from core.orders.services.picking import ToPick, to_pick
from core.orders.services.promises import in_the_kit, leaves_later, money_back
from core.orders.services.promising import promise_day
from core.orders.services.read import DestinationView, OrderLineView, order_by_key, order_of_cart
from core.orders.services.refunds import refund_surplus, way_back
from core.orders.services.return_labels import buy_return_label, return_address
from core.orders.services.return_labels import can_be_sent as can_be_sent_back
from core.orders.services.return_labels import label_file as return_label_file
from core.orders.services.ship import deliver as deliver_order
from core.orders.services.ship import set_tracking
from core.orders.services.ship import ship as ship_order
from core.orders.services.stages import enter_stage
from core.orders.services.tags import tag_order
from core.orders.services.unship import unship as unship_order
from core.panel.forms import PanelForm, at_most, is_one_of, needed, optional
from core.panel.forms import lines as form_lines
from core.panel.forms import words as form_words
from core.panel.products.services.bulk_reports import chosen_products
from core.panel.services import section_id as panel_section_id
from core.panel.services import section_refused as panel_section_refused
from core.panel.shell.answers import page as panel_page
from core.panel.shell.answers import to as panel_to
from core.panel.shell.once import form_key as panel_form_key
from core.panel.shell.once import once as panel_once
from core.storefront.services.cart import ShownCart, ShownCartLine
from core.storefront.services.checkout import ShownCheckout
from core.storefront.services.fields import address_lines
from core.storefront.services.listing import ShownListing
from core.storefront.services.order import ShownOrder
from core.storefront.services.search import search as search_goods
from core.storefront.views.basket import cart_token, keep_mine, remember_cart

if not TYPE_CHECKING:
    # Names that are retired work for a while yet; who checks types is told at once.
    from core.kernel.retiring import named as __getattr__
