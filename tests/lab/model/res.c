// SPDX-License-Identifier: GPL-2.0-only
/* Protection domains, doorbell pages, memory keys: what a driver creates and must destroy. */
#include "qemu/osdep.h"
#include "cmd.h"
#include "res.h"
#include "track.h"

static void mkey_free(gpointer data)
{
	struct lab_mkey *mkey = data;

	g_free(mkey->pages);
	g_free(mkey);
}

/* Empty tables for a function that has just been reset. */
void lab_res_init(struct lab_function *fn)
{
	fn->mkeys = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, mkey_free);
	fn->cqs = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, lab_cq_free);
	fn->qps = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, lab_qp_free);
	fn->trackers = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, lab_tracker_free);
	fn->pds = g_hash_table_new(g_direct_hash, g_direct_equal);
	fn->uars = g_hash_table_new(g_direct_hash, g_direct_equal);
	fn->next_id = 1;
}

void lab_res_free(struct lab_function *fn)
{
	/* A tracker knows its queue pair. */
	g_hash_table_destroy(fn->trackers);
	g_hash_table_destroy(fn->qps);
	g_hash_table_destroy(fn->cqs);
	g_hash_table_destroy(fn->mkeys);
	g_hash_table_destroy(fn->pds);
	g_hash_table_destroy(fn->uars);
}

/* The key that a command names, or NULL. Owned by the function. */
struct lab_mkey *lab_mkey_find(struct lab_function *fn, uint32_t key)
{
	struct lab_mkey *mkey = g_hash_table_lookup(fn->mkeys, GUINT_TO_POINTER(key >> 8));

	return mkey && mkey->key == key ? mkey : NULL;
}

static enum lab_status drop(struct lab_cmd *cmd, GHashTable *table, uint32_t id)
{
	if (!g_hash_table_remove(table, GUINT_TO_POINTER(id)))
		return lab_refuse(cmd, LAB_BAD_RESOURCE, LAB_SYND_OBJECT_UNKNOWN);
	return LAB_OK;
}

enum lab_status lab_alloc_pd(struct lab_cmd *cmd)
{
	uint32_t id = cmd->fn->next_id++ & 0xffffff;

	g_hash_table_add(cmd->fn->pds, GUINT_TO_POINTER(id));
	IFC_SET(alloc_pd_out, cmd->out, pd, id);
	return LAB_OK;
}

static gboolean key_in_pd(gpointer index, gpointer value, gpointer pd)
{
	return ((struct lab_mkey *)value)->pd == GPOINTER_TO_UINT(pd);
}

static gboolean qp_in_pd(gpointer number, gpointer qp, gpointer pd)
{
	return ((struct lab_qp *)qp)->pd == GPOINTER_TO_UINT(pd);
}

enum lab_status lab_dealloc_pd(struct lab_cmd *cmd)
{
	uint32_t id = IFC_GET(dealloc_pd_in, cmd->in, pd);

	if (g_hash_table_find(cmd->fn->mkeys, key_in_pd, GUINT_TO_POINTER(id)) ||
	    g_hash_table_find(cmd->fn->qps, qp_in_pd, GUINT_TO_POINTER(id)))
		return lab_refuse(cmd, LAB_BAD_RESOURCE_STATE, LAB_SYND_OBJECT_IN_USE);
	return drop(cmd, cmd->fn->pds, id);
}

enum lab_status lab_alloc_uar(struct lab_cmd *cmd)
{
	uint32_t last = memory_region_size(&cmd->fn->doorbells) / LAB_PAGE_SIZE;

	for (uint32_t id = LAB_UAR_FIRST; id < LAB_UAR_FIRST + last; id++) {
		if (!g_hash_table_add(cmd->fn->uars, GUINT_TO_POINTER(id)))
			continue;
		IFC_SET(alloc_uar_out, cmd->out, uar, id);
		return LAB_OK;
	}
	return lab_refuse(cmd, LAB_NO_RESOURCES, LAB_SYND_OBJECT_IN_USE);
}

enum lab_status lab_dealloc_uar(struct lab_cmd *cmd)
{
	return drop(cmd, cmd->fn->uars, IFC_GET(dealloc_uar_in, cmd->in, uar));
}

/* An entry that does not begin a page is the driver's mistake; real hardware would ignore its low bits. */
static bool read_translations(struct lab_cmd *cmd, struct lab_mkey *mkey)
{
	const uint8_t *list = cmd->in + IFC_OFFSET(create_mkey_in, klm_pas_mtt);
	size_t room = (cmd->in_size - IFC_OFFSET(create_mkey_in, klm_pas_mtt)) / 8;

	mkey->count = DIV_ROUND_UP(mkey->length, 1ULL << mkey->log_page);
	if (mkey->count > room || mkey->count > IFC_GET(create_mkey_in, cmd->in, translations_octword_actual_size) * 2)
		return false;
	mkey->pages = g_new(uint64_t, mkey->count);
	for (size_t i = 0; i < mkey->count; i++) {
		mkey->pages[i] = ldq_be_p(list + 8 * i);
		if (mkey->pages[i] & ((1ULL << mkey->log_page) - 1))
			return false;
	}
	return true;
}

/* Keys over a list of pages (MTT) are what migration uses; other kinds are accepted without translation. */
enum lab_status lab_create_mkey(struct lab_cmd *cmd)
{
	const void *context = IFC_ADDR(create_mkey_in, cmd->in, memory_key_mkey_entry);
	uint32_t pd = IFC_GET(mkc, context, pd);
	bool mtt = IFC_GET(mkc, context, access_mode_1_0) == MLX5_MKC_ACCESS_MODE_MTT;
	uint32_t index = cmd->fn->next_id++ & 0xffffff;
	struct lab_mkey *mkey;

	if (!g_hash_table_contains(cmd->fn->pds, GUINT_TO_POINTER(pd)))
		return lab_refuse(cmd, LAB_BAD_RESOURCE, LAB_SYND_OBJECT_UNKNOWN);
	mkey = g_new0(struct lab_mkey, 1);
	mkey->key = index << 8 | IFC_GET(mkc, context, mkey_7_0);
	mkey->pd = pd;
	mkey->local_read = IFC_GET(mkc, context, lr);
	mkey->local_write = IFC_GET(mkc, context, lw);
	mkey->start = IFC_GET(mkc, context, start_addr);
	mkey->length = IFC_GET(mkc, context, len);
	mkey->log_page = IFC_GET(mkc, context, log_page_size);
	if (mtt && (mkey->log_page < 12 || mkey->log_page > 31 || !read_translations(cmd, mkey))) {
		mkey_free(mkey);
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_KEY_INVALID);
	}
	g_hash_table_insert(cmd->fn->mkeys, GUINT_TO_POINTER(index), mkey);
	IFC_SET(create_mkey_out, cmd->out, mkey_index, index);
	return LAB_OK;
}

enum lab_status lab_destroy_mkey(struct lab_cmd *cmd)
{
	return drop(cmd, cmd->fn->mkeys, IFC_GET(destroy_mkey_in, cmd->in, mkey_index));
}
