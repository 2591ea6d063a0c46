"""The words by which files call our columns. Names are compared in lower case without blanks and signs."""

# ruff: noqa: E501 - one line per column reads best in a table of words

from __future__ import annotations

import re

_COMMON = {
    "customer_id": "customerid customer custid clientid client customerno customernumber customernr kundennummer kundennr kunde userid accountid contactid memberid householdid buyerid cust",
    "country": "country land countryname shipcountry billingcountry market nation pays",
    "region": "region area territory salesregion state province bundesland zone",
    "channel": "channel saleschannel store shop outlet ordersource vertriebskanal",
    "campaign": "campaign campaignname utmcampaign promo promotion coupon",
    "product": "product productname description item itemname title article articlename artikel produkt beschreibung sku_name name1 lineitemname designation",
    "updated_at": "updatedat updated modifiedat lastmodified lastmodifieddate systemmodstamp changedat modifieddate",
}
VOCABULARY: dict[str, dict[str, str]] = {
    "orders": {
        "order_id": "orderid order ordernumber orderno ordernr invoiceno invoice invoiceid invoicenumber bestellnummer rechnungsnummer transactionid transaction basketid receipt receiptid saleid documentno docnum belegnummer commande",
        "line_id": "lineid lineno linenumber lineitemid orderlineid orderline position posnr item_no rowid row",
        "ordered_at": "orderedat orderdate invoicedate date datetime transactiondate transactiontimestamp timestamp createdat purchasedat purchasedate saledate bestelldatum rechnungsdatum datum time day soldat ordertime processedat",
        "product_id": "productid sku stockcode productcode itemid itemcode articleno articlenumber artikelnummer materialnumber material upc ean asin variantid",
        "category": "category productcategory productcategoryname department producttype family kategorie warengruppe commodity productline",
        "quantity": "quantity qty units unitssold menge anzahl count pieces quantityordered cds itemquantity stueck",
        "unit_price": "unitprice price preis einzelpreis itemprice priceeach salesprice stueckpreis lineitemprice",
        "amount": "amount revenue sales salesvalue total totalprice totalamount linetotal lineamount betrag umsatz value netamount grossamount spend paymentvalue subtotal extendedprice turnover",
        "cost": "cost costs cogs unitcost wareneinsatz totalcost purchasecost",
        "is_refund": "isrefund refund refunded iscancelled cancelled isreturn returned storno return",
        "currency": "currency currencycode waehrung curr",
    },
    "customers": {
        "name": "name fullname customername contactname displayname kundenname",
        "email": "email emailaddress mail e_mail",
        "phone": "phone phonenumber telephone mobile mobilephone telefon tel",
        "company": "company companyname organization organisation account accountname firma employer",
        "segment": "segment customersegment tier customertype customergroup kundengruppe",
        "signed_up_at": "signedupat signupdate createdat created createddate registeredat registrationdate customersince joindate memberfrom since startdate enrollmentdate",
    },
    "demand": {
        "ds": "ds date month week day period datum monat woche year quarter timestamp yearmonth",
        "units": "units demand sales quantity qty y value unitssold volume menge absatz weeklysales monthlysales turnover sold",
        "price": "price unitprice avgprice averageprice preis",
        "on_promotion": "onpromotion promo promotion ispromo",
        "holiday_days": "holidaydays holidays isholiday holiday holidayflag",
    },
}
_SHARED = {
    "orders": ("customer_id", "country", "region", "channel", "campaign", "product", "updated_at"),
    "customers": ("customer_id", "country", "region", "updated_at"),
    "demand": ("product", "region", "channel"),
}
_EXTRA = {
    "customers": {"customer_id": " id key guid", "country": " addresscountry", "region": ""},
    "demand": {"product": " uniqueid seriesid item_id series sku unique_id productid itemid", "channel": " store storeid"},
}


def plain(name: str) -> str:
    """Return a column name as the vocabulary has it: lower case, letters and digits only."""
    return re.sub(r"[^0-9a-z\u00df-\u00ff]", "", name.lower())


def tokens(name: str) -> list[str]:
    """Split a column name into its words: `InvoiceDate`, `invoice_date` and `Invoice date` alike."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def words(table: str) -> dict[str, list[str]]:
    """Return the words of every column of a table, the likeliest first; the column's own name always leads."""
    own = {name: text.split() for name, text in VOCABULARY.get(table, {}).items()}
    shared = {name: (_COMMON[name] + _EXTRA.get(table, {}).get(name, "")).split() for name in _SHARED.get(table, ())}
    from cyberpunk_ai.data_fabric.tables import table as canonical

    names = [name for name in canonical(table).contract.names if name != "source"]
    return {name: [plain(name), *(plain(word) for word in {**own, **shared}.get(name, []))] for name in names}
