// SPDX-License-Identifier: Apache-2.0
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const S = require("@aws-sdk/client-s3");
const { refuses } = require("../lib/slipway");
const { s3File } = require("../lib/s3");

const f = s3File(), { send, bucket, put, text } = f;

test("listings have prefixes, delimiters and pages, in bytewise order", async () => {
    const Bucket = await bucket();
    for (const k of ["a/1", "a/2", "a/b/3", "b", "c/4", "é", "Z"]) await put(Bucket, k);
    const all = await send(S.ListObjectsV2Command, { Bucket });
    assert.deepStrictEqual(all.Contents.map((o) => o.Key), ["Z", "a/1", "a/2", "a/b/3", "b", "c/4", "é"]);
    assert.deepStrictEqual([all.KeyCount, all.IsTruncated, all.MaxKeys], [7, false, 1000]);
    const top = await send(S.ListObjectsV2Command, { Bucket, Delimiter: "/" });
    assert.deepStrictEqual([top.Contents.map((o) => o.Key), top.CommonPrefixes.map((p) => p.Prefix)], [["Z", "b", "é"], ["a/", "c/"]]);
    const inner = await send(S.ListObjectsV2Command, { Bucket, Delimiter: "/", Prefix: "a/" });
    assert.deepStrictEqual([inner.Contents.map((o) => o.Key), inner.CommonPrefixes.map((p) => p.Prefix)], [["a/1", "a/2"], ["a/b/"]]);
    const pages = async (more) => {
        const seen = [];
        let ContinuationToken;
        do {
            const p = await send(S.ListObjectsV2Command, { Bucket, MaxKeys: 2, ContinuationToken, ...more });
            seen.push([...(p.Contents || []).map((o) => o.Key), ...(p.CommonPrefixes || []).map((c) => c.Prefix)].sort());
            ContinuationToken = p.NextContinuationToken;
        } while (ContinuationToken);
        return seen;
    };
    assert.deepStrictEqual(await pages({}), [["Z", "a/1"], ["a/2", "a/b/3"], ["b", "c/4"], ["é"]]);
    assert.deepStrictEqual(await pages({ Delimiter: "/" }), [["Z", "a/"], ["b", "c/"], ["é"]]);
    assert.deepStrictEqual((await send(S.ListObjectsV2Command, { Bucket, StartAfter: "b" })).Contents.map((o) => o.Key), ["c/4", "é"]);
    const v1 = await send(S.ListObjectsCommand, { Bucket, MaxKeys: 2, Delimiter: "/" });
    assert.deepStrictEqual([v1.NextMarker, v1.IsTruncated], ["a/", true]);
    assert.deepStrictEqual((await send(S.ListObjectsCommand, { Bucket, Marker: "a/", Delimiter: "/" })).Contents.map((o) => o.Key), ["b", "é"]);
    const url = await send(S.ListObjectsV2Command, { Bucket, EncodingType: "url", Prefix: "é" });
    assert.strictEqual(url.Contents[0].Key, "%C3%A9");
    await refuses(send(S.ListObjectsV2Command, { Bucket, ContinuationToken: "made-up" }), "InvalidArgument");
    assert.strictEqual((await send(S.ListObjectsV2Command, { Bucket, Prefix: "none" })).KeyCount, 0);
});

test("many keys in one folder count as one step of a listing", async () => {
    const Bucket = await bucket();
    await Promise.all(Array.from({ length: 16 }, async (_, w) => { for (let i = w; i < 1200; i += 16) await put(Bucket, `big/${String(i).padStart(4, "0")}`, "x"); }));
    await put(Bucket, "z");
    const top = await send(S.ListObjectsV2Command, { Bucket, Delimiter: "/" });
    assert.deepStrictEqual([top.CommonPrefixes.map((p) => p.Prefix), top.Contents.map((o) => o.Key), top.IsTruncated], [["big/"], ["z"], false]);
    const first = await send(S.ListObjectsV2Command, { Bucket });
    assert.deepStrictEqual([first.KeyCount, first.IsTruncated], [1000, true]);
    const rest = await send(S.ListObjectsV2Command, { Bucket, ContinuationToken: first.NextContinuationToken });
    assert.strictEqual(rest.KeyCount, 201);
});

test("versions are kept, listed, read and deleted; a delete marker hides them", async () => {
    const Bucket = await bucket();
    await put(Bucket, "k", "zero");
    assert.strictEqual((await send(S.GetBucketVersioningCommand, { Bucket })).Status, undefined);
    await send(S.PutBucketVersioningCommand, { Bucket, VersioningConfiguration: { Status: "Enabled" } });
    const one = (await put(Bucket, "k", "one")).VersionId, two = (await put(Bucket, "k", "two")).VersionId;
    await put(Bucket, "l", "other");
    assert.notStrictEqual(one, two);
    assert.strictEqual(await text(Bucket, "k"), "two");
    assert.strictEqual(await text(Bucket, "k", { VersionId: one }), "one");
    assert.strictEqual(await text(Bucket, "k", { VersionId: "null" }), "zero");
    const gone = await send(S.DeleteObjectCommand, { Bucket, Key: "k" });
    assert.strictEqual(gone.DeleteMarker, true);
    await refuses(text(Bucket, "k"), "NoSuchKey");
    await refuses(text(Bucket, "k", { VersionId: gone.VersionId }), "MethodNotAllowed");
    assert.deepStrictEqual((await send(S.ListObjectsV2Command, { Bucket })).Contents.map((o) => o.Key), ["l"]);
    const all = await send(S.ListObjectVersionsCommand, { Bucket, Prefix: "k" });
    assert.deepStrictEqual(all.Versions.map((v) => [v.VersionId, v.IsLatest]), [[two, false], [one, false], ["null", false]]);
    assert.deepStrictEqual(all.DeleteMarkers.map((v) => [v.VersionId, v.IsLatest]), [[gone.VersionId, true]]);
    const seen = [];
    let at = {};
    do {
        const p = await send(S.ListObjectVersionsCommand, { Bucket, MaxKeys: 2, ...at });
        seen.push(...(p.DeleteMarkers || []).map((v) => v.VersionId), ...(p.Versions || []).map((v) => v.VersionId));
        at = p.IsTruncated ? { KeyMarker: p.NextKeyMarker, VersionIdMarker: p.NextVersionIdMarker } : null;
    } while (at);
    assert.strictEqual(seen.length, 5);
    assert.strictEqual(new Set(seen).size, 5);
    await send(S.DeleteObjectCommand, { Bucket, Key: "k", VersionId: gone.VersionId });
    assert.strictEqual(await text(Bucket, "k"), "two");
    await send(S.DeleteObjectCommand, { Bucket, Key: "k", VersionId: two });
    assert.strictEqual(await text(Bucket, "k"), "one");
    await refuses(text(Bucket, "k", { VersionId: two }), "NoSuchVersion");
    await send(S.PutBucketVersioningCommand, { Bucket, VersioningConfiguration: { Status: "Suspended" } });
    assert.strictEqual((await put(Bucket, "k", "null again")).VersionId, undefined);
    assert.deepStrictEqual((await send(S.ListObjectVersionsCommand, { Bucket, Prefix: "k" })).Versions.map((v) => v.VersionId), ["null", one]);
    await refuses(send(S.DeleteBucketCommand, { Bucket }), "BucketNotEmpty", /all versions/);
});

const inParallel = (n, fn) => Promise.all(Array.from({ length: 16 }, async (_, w) => { for (let i = w; i < n; i += 16) await fn(i); }));

test("a key with more than a thousand versions is listed in full, and emptied page by page", async () => {
    const Bucket = await bucket();
    await send(S.PutBucketVersioningCommand, { Bucket, VersioningConfiguration: { Status: "Enabled" } });
    await put(Bucket, "a");
    await inParallel(1205, () => put(Bucket, "k", "x"));
    await put(Bucket, "z");
    const seen = [];
    for (let at = {}; at;) {
        const p = await send(S.ListObjectVersionsCommand, { Bucket, MaxKeys: 400, ...at });
        seen.push(...p.Versions);
        at = p.IsTruncated ? { KeyMarker: p.NextKeyMarker, VersionIdMarker: p.NextVersionIdMarker } : null;
    }
    assert.deepStrictEqual([seen.length, new Set(seen.map((v) => v.VersionId)).size, seen.filter((v) => v.IsLatest).map((v) => v.Key)], [1207, 1207, ["a", "k", "z"]]);
    assert.deepStrictEqual(seen.filter((v) => v.Key === "k").map((v) => v.LastModified.getTime()), seen.filter((v) => v.Key === "k").map((v) => v.LastModified.getTime()).sort((x, y) => y - x));
    /* As clients empty a bucket: the markers of a page name what was just deleted. */
    for (let at = {}; at;) {
        const p = await send(S.ListObjectVersionsCommand, { Bucket, MaxKeys: 500, ...at });
        await send(S.DeleteObjectsCommand, { Bucket, Delete: { Quiet: true, Objects: p.Versions.map(({ Key, VersionId }) => ({ Key, VersionId })) } });
        at = p.IsTruncated ? { KeyMarker: p.NextKeyMarker, VersionIdMarker: p.NextVersionIdMarker } : null;
    }
    await send(S.DeleteBucketCommand, { Bucket });
});

test("versions are grouped by delimiter, and their markers are checked", async () => {
    const Bucket = await bucket();
    await send(S.PutBucketVersioningCommand, { Bucket, VersioningConfiguration: { Status: "Enabled" } });
    for (const k of ["a/1", "a/1", "a/2", "b", "c/3"]) await put(Bucket, k);
    const first = await send(S.ListObjectVersionsCommand, { Bucket, Delimiter: "/", MaxKeys: 2 });
    assert.deepStrictEqual([first.CommonPrefixes.map((p) => p.Prefix), first.Versions.map((v) => v.Key), first.IsTruncated], [["a/"], ["b"], true]);
    const rest = await send(S.ListObjectVersionsCommand, { Bucket, Delimiter: "/", KeyMarker: first.NextKeyMarker, VersionIdMarker: first.NextVersionIdMarker });
    assert.deepStrictEqual([rest.CommonPrefixes.map((p) => p.Prefix), rest.Versions, rest.IsTruncated], [["c/"], undefined, false]);
    assert.deepStrictEqual((await send(S.ListObjectVersionsCommand, { Bucket, Prefix: "a/", EncodingType: "url" })).Versions.map((v) => [v.Key, v.IsLatest]), [["a/1", true], ["a/1", false], ["a/2", true]]);
    await refuses(send(S.ListObjectVersionsCommand, { Bucket, VersionIdMarker: "x" }), "InvalidArgument", /without a key marker/);
    await refuses(send(S.ListObjectVersionsCommand, { Bucket, MaxKeys: -1 }), "InvalidArgument", /maxKeys/);
});

test("uploads under way are listed by key and time, in groups and in pages", async () => {
    const Bucket = await bucket(), ids = {};
    for (const Key of ["a/1", "a/2", "b ü", "b ü", "c"]) (ids[Key] ||= []).push((await send(S.CreateMultipartUploadCommand, { Bucket, Key })).UploadId);
    const all = await send(S.ListMultipartUploadsCommand, { Bucket });
    assert.deepStrictEqual(all.Uploads.map((u) => u.UploadId), Object.values(ids).flat());
    assert.deepStrictEqual([all.Uploads[0].StorageClass, all.Uploads[0].Initiated instanceof Date, all.IsTruncated, all.MaxUploads], ["STANDARD", true, false, 1000]);
    const seen = [], groups = [];
    for (let at = {}; at;) {
        const p = await send(S.ListMultipartUploadsCommand, { Bucket, MaxUploads: 1, Delimiter: "/", ...at });
        seen.push(...(p.Uploads || []).map((u) => u.UploadId));
        groups.push(...(p.CommonPrefixes || []).map((c) => c.Prefix));
        at = p.IsTruncated ? { KeyMarker: p.NextKeyMarker, UploadIdMarker: p.NextUploadIdMarker } : null;
    }
    assert.deepStrictEqual([seen, groups], [[...ids["b ü"], ...ids.c], ["a/"]]);
    assert.deepStrictEqual((await send(S.ListMultipartUploadsCommand, { Bucket, Prefix: "b", EncodingType: "url" })).Uploads.map((u) => u.Key), ["b+%C3%BC", "b+%C3%BC"], "a space is +, as in a form");
    assert.deepStrictEqual((await send(S.ListMultipartUploadsCommand, { Bucket, KeyMarker: "b ü" })).Uploads.map((u) => u.Key), ["c"]);
    await send(S.AbortMultipartUploadCommand, { Bucket, Key: "c", UploadId: ids.c[0] });
    await refuses(send(S.AbortMultipartUploadCommand, { Bucket, Key: "c", UploadId: ids.c[0] }), "NoSuchUpload");
    assert.strictEqual((await send(S.ListMultipartUploadsCommand, { Bucket, KeyMarker: "b ü" })).Uploads, undefined);
});

test("parts of an upload are listed in pages", async () => {
    const Bucket = await bucket(), { UploadId } = await send(S.CreateMultipartUploadCommand, { Bucket, Key: "k", StorageClass: "STANDARD_IA" });
    for (const PartNumber of [7, 2, 9]) await send(S.UploadPartCommand, { Bucket, Key: "k", UploadId, PartNumber, Body: `part ${PartNumber}` });
    const first = await send(S.ListPartsCommand, { Bucket, Key: "k", UploadId, MaxParts: 2 });
    assert.deepStrictEqual([first.Parts.map((p) => p.PartNumber), first.IsTruncated, first.NextPartNumberMarker, first.StorageClass], [[2, 7], true, "7", "STANDARD_IA"]);
    const rest = await send(S.ListPartsCommand, { Bucket, Key: "k", UploadId, PartNumberMarker: first.NextPartNumberMarker });
    assert.deepStrictEqual([rest.Parts.map((p) => p.PartNumber), rest.IsTruncated], [[9], false]);
    await refuses(send(S.ListPartsCommand, { Bucket, Key: "other", UploadId }), "NoSuchUpload");
});
